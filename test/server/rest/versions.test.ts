import { beforeEach, describe, expect, it } from 'vitest';
import { makeVersion } from '../../../flow/index.ts';
import { versionDocId, versionListSchema, versionSchema, type FlowDocument } from '../../../schema/index.ts';
import { makeFlows } from '../../support/flows.ts';
import { outcome } from '../../support/rest-client.ts';
import { useAccount } from './use-account.ts';

const { settee, account, call } = useAccount();
let id: string;

beforeEach(async () => {
  const [body] = makeFlows({ seed: 3, count: 1 });
  id = (await call('POST /api/flows', { body: { ...body, name: 'First' } })).body.id;
});

const flow = async () => (await call(`GET /api/flows/${id}`)).body;
const list = async () => (await call(`GET /api/flows/${id}/versions`)).body.versions;

describe('saving a version', () => {
  it('keeps the flow as it is, once for the same content', async () => {
    const before = await flow();
    const saved = await call(`POST /api/flows/${id}/versions`);
    expect(saved.status).toBe(201);
    expect(versionSchema.parse(saved.body)).toMatchObject({ flowId: id, name: 'First', version: '1.0.0' });
    expect(saved.body.snapshot.flow).toEqual(before.flow);
    expect((await call(`POST /api/flows/${id}/versions`, { body: {} })).body.id).toBe(saved.body.id);
    expect(await flow()).toEqual(before);
    const read = await call(`GET /api/flows/${id}/versions/${saved.body.id}`);
    expect(read.body).toEqual(saved.body);
  });

  it('numbers it and enters what changed into the history', async () => {
    const first = await call(`POST /api/flows/${id}/versions`, { body: { changes: 'Asks twice' } });
    expect(first.body).toMatchObject({ version: '1.0.1', changes: 'Asks twice' });
    const second = await call(`POST /api/workflows/${id}/versions`, {
      body: { version: '2.0.0', changes: 'Rewritten' },
    });
    expect(second.body).toMatchObject({ version: '2.0.0', changes: 'Rewritten' });
    const now = await flow();
    expect(now.version).toBe('2.0.0');
    expect(now.versionHistory).toEqual([
      { version: '1.0.1', timestamp: expect.any(String), changes: 'Asks twice' },
      { version: '2.0.0', timestamp: expect.any(String), changes: 'Rewritten' },
    ]);
    const versions = await list();
    expect(versionListSchema.parse({ versions }).versions.map(({ version }) => version)).toEqual([
      '2.0.0',
      '1.0.1',
    ]);
  });

  it('refuses a number that is none, a stale If-Match, and a flow that is gone', async () => {
    const target = `POST /api/flows/${id}/versions`;
    expect(outcome(await call(target, { body: { version: 'two' } }))).toBe('400 invalid_body');
    expect(outcome(await call(target, { headers: { 'if-match': '"1-old"' } }))).toBe(
      '412 precondition_failed',
    );
    await call(`DELETE /api/flows/${id}`);
    expect(outcome(await call(target))).toBe('404 not_found');
  });
});

describe('restoring a version', () => {
  it('makes it the flow again and keeps what it replaces', async () => {
    const saved = (await call(`POST /api/flows/${id}/versions`, { body: { changes: 'good' } })).body;
    const edited = { name: 'Second', flow: { nodes: [], edges: [] }, description: null, added: 1 };
    await call(`PUT /api/flows/${id}`, { body: edited });
    const replaced = await flow();
    const restored = await call(`POST /api/flows/${id}/versions/${saved.id}/restore`);
    expect(restored.status).toBe(200);
    expect(restored.body).toMatchObject({
      id,
      name: 'First',
      flow: saved.snapshot.flow,
      createdAt: replaced.createdAt,
    });
    expect(restored.body.versionHistory).toEqual(replaced.versionHistory);
    expect(restored.body).not.toHaveProperty('added');
    expect(restored.headers.get('etag')).toBe(`"${restored.body.revision}"`);

    const kept = (await list()).find(({ name }: { name: string }) => name === 'Second');
    const { body } = await call(`POST /api/flows/${id}/versions/${kept.id}/restore`);
    expect(body).toMatchObject({ name: 'Second', flow: { nodes: [], edges: [] }, added: 1 });
  });

  it('brings a deleted flow back', async () => {
    const saved = (await call(`POST /api/flows/${id}/versions`)).body;
    await call(`DELETE /api/flows/${id}`);
    const restored = await call(`POST /api/flows/${id}/versions/${saved.id}/restore`);
    expect(restored.body).toMatchObject({ id, name: 'First' });
    expect(restored.body).not.toHaveProperty('deleted');
    expect((await call(`GET /api/flows/${id}`)).status).toBe(200);
  });

  it('knows only versions of this flow', async () => {
    const saved = (await call(`POST /api/flows/${id}/versions`)).body;
    const other = (await call(`POST /api/flows/${id}/duplicate`)).body;
    expect(outcome(await call(`POST /api/flows/${other.id}/versions/${saved.id}/restore`))).toBe(
      '404 not_found',
    );
    expect(outcome(await call(`GET /api/flows/${id}/versions/${'0'.repeat(64)}`))).toBe('404 not_found');
    expect(outcome(await call(`GET /api/flows/${id}/versions/1`))).toBe('400 bad_request');
  });
});

describe('a version that somebody forged', () => {
  it('is not read: neither a branch under a true id nor a document with a false one', async () => {
    const saved = (await call(`POST /api/flows/${id}/versions`)).body;
    const { spaces } = settee.services;
    const scope = spaces.open<FlowDocument>(await spaces.personal(account.user.id));
    const flowDocument = await scope.get(`flow:${id}`);
    const forged = makeVersion({ ...flowDocument, name: 'Forged' });
    const branch = { ...forged, _id: versionDocId(id, saved.id), _rev: `9-${'f'.repeat(32)}` };
    const invented = { ...forged, _id: versionDocId(id, 'a'.repeat(64)), _rev: `1-${'e'.repeat(32)}` };
    const body = { docs: [branch, invented], new_edits: false };
    await scope.bulk(body);
    const versions = await list();
    expect(versions.map(({ id: version }: { id: string }) => version)).toEqual([saved.id]);
    expect(versions[0].name).toBe('First');
    const restored = await call(`POST /api/flows/${id}/versions/${saved.id}/restore`);
    expect(restored.body.name).toBe('First');
    expect(outcome(await call(`GET /api/flows/${id}/versions/${'a'.repeat(64)}`))).toBe('404 not_found');
  });
});

describe('a version that was deleted', () => {
  const scopeOf = async () => {
    const { spaces } = settee.services;
    return spaces.open<FlowDocument>(await spaces.personal(account.user.id));
  };
  const remove = async (versionId: string): Promise<void> => {
    const scope = await scopeOf();
    const { _id, _rev } = await scope.get(versionDocId(id, versionId));
    await scope.destroy(_id, _rev);
  };
  const names = async () => (await list()).map(({ name }: { name: string }) => name).toSorted();

  it('is kept again, however often it is deleted', async () => {
    for (let round = 0; round < 3; round += 1) {
      const saved = await call(`POST /api/flows/${id}/versions`);
      expect(saved.status).toBe(201);
      expect(await names()).toEqual(['First']);
      await remove(saved.body.id);
      expect(await names()).toEqual([]);
    }
  });

  it('is kept again before a restore replaces the same content', async () => {
    const first = (await call(`POST /api/flows/${id}/versions`)).body;
    await call(`PUT /api/flows/${id}`, { body: { name: 'Precious' } });
    await remove((await call(`POST /api/flows/${id}/versions`)).body.id);
    expect((await call(`POST /api/flows/${id}/versions/${first.id}/restore`)).status).toBe(200);
    expect(await names()).toEqual(['First', 'Precious']);
  });

  it('lets nothing be replaced where it cannot be kept again', async () => {
    const first = (await call(`POST /api/flows/${id}/versions`)).body;
    await call(`PUT /api/flows/${id}`, { body: { name: 'Precious' } });
    const precious = (await call(`POST /api/flows/${id}/versions`)).body;
    await remove(precious.id);
    const scope = await scopeOf();
    const forged = makeVersion({ ...(await scope.get(`flow:${id}`)), name: 'Forged' });
    const beside = { ...forged, _id: versionDocId(id, precious.id), _rev: `1-${'e'.repeat(32)}` };
    const body = { docs: [beside], new_edits: false };
    await scope.bulk(body);
    const answer = await call(`POST /api/flows/${id}/versions/${first.id}/restore`);
    expect(outcome(answer)).toBe('409 conflict');
    expect((await flow()).name).toBe('Precious');
  });
});
