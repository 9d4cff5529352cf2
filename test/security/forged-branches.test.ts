import { describe, expect, it } from 'vitest';
import { isIntactVersion, makeVersion } from '../../flow/index.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import {
  registerPersonal,
  spacesWithRole,
  startProxy,
  type PersonalAccount,
} from '../server/proxy/personal-account.ts';
import { usePersonal } from '../server/proxy/use-personal.ts';

const { settee, account: owner } = usePersonal();

/** A revision that wins over any that was made honestly, with no history. */
const forged = `9-${'f'.repeat(32)}`;

async function push(user: PersonalAccount, docs: object[]): Promise<unknown> {
  const answer = await user.own('/_bulk_docs', { method: 'POST', json: { docs, new_edits: false } });
  expect(answer.status).toBe(201);
  return answer.json();
}

async function editor(): Promise<{ user: PersonalAccount; stop: () => Promise<void> }> {
  const over = await startProxy(settee, { spaces: spacesWithRole(settee, 'editor') });
  return { user: await registerPersonal(settee, over.url), stop: () => over.stop() };
}

function oneFlow(seed: number) {
  const [flow] = makeFlowDocuments({ seed, count: 1, size: 3000 });
  if (!flow) throw new Error('no flow');
  return flow;
}

describe('a forged branch without ancestry', () => {
  it('does not get onto what only the server writes', async () => {
    const { user, stop } = await editor();
    for (const someone of [owner, user]) {
      const server = settee.services.couch.admin<object>(someone.database);
      for (const prefix of ['run', 'membership', 'moved']) {
        const _id = `${prefix}:0190b3a0-0000-7000-8000-000000000001`;
        await server.insert({ _id, type: prefix, status: 'completed', by: 'server' } as object);
        const refused = await push(someone, [
          { _id, _rev: forged, type: prefix, by: 'forger' },
          { _id, _rev: `8-${'e'.repeat(32)}`, _deleted: true },
          { _id, _rev: `7-${'d'.repeat(32)}`, _deleted: true, type: 'flow', resolvedInto: forged },
        ]);
        expect(refused).toMatchObject(Array.from({ length: 3 }, () => ({ id: _id, error: 'forbidden' })));
        const read = await someone.own(`/${_id}?conflicts=true&deleted_conflicts=true`);
        const document = (await read.json()) as Record<string, unknown>;
        expect(document).toMatchObject({ by: 'server' });
        expect([document._conflicts, document._deleted_conflicts]).toEqual([undefined, undefined]);
        const fresh = await push(someone, [{ _id: `${prefix}:new`, _rev: forged, type: prefix }]);
        expect(fresh).toMatchObject([{ id: `${prefix}:new`, error: 'forbidden' }]);
      }
    }
    await stop();
  });

  it('does not get onto the design document', async () => {
    const before = await settee.services.couch.admin<object>(owner.database).get('_design/settee');
    const refused = await push(owner, [
      { _id: '_design/settee', _rev: forged, validate_doc_update: 'function(){}' },
      { _id: '_design/settee', _rev: `8-${'e'.repeat(32)}`, _deleted: true },
    ]);
    expect(refused).toMatchObject([{ error: 'forbidden' }, { error: 'forbidden' }]);
    const after = await settee.services.couch
      .admin<object>(owner.database)
      .get('_design/settee', { conflicts: true });
    expect(after).toEqual(before);
  });

  it('changes no version that a reader trusts', async () => {
    const flow = oneFlow(1);
    const version = makeVersion(flow);
    await push(owner, [
      { ...flow, _rev: `1-${'1'.repeat(32)}` },
      { ...version, _rev: `1-${'1'.repeat(32)}` },
    ]);
    await push(owner, [{ ...version, _rev: forged, snapshot: { ...version.snapshot, name: 'forged' } }]);
    const winner = (await (await owner.own(`/${version._id}`)).json()) as typeof version;
    if (winner.snapshot.name === 'forged') expect(isIntactVersion({ ...winner })).toBe(false);
    const flowId = flow._id.slice('flow:'.length);
    const rest = async (path: string): Promise<string> => {
      const answer = await fetch(settee.url + path, {
        headers: { authorization: `Bearer ${owner.accessToken}` },
      });
      expect([path, answer.status]).toEqual([path, 200]);
      return answer.text();
    };
    const versionId = version._id.slice(version._id.lastIndexOf(':') + 1);
    for (const path of [`/api/flows/${flowId}/versions`, `/api/flows/${flowId}/versions/${versionId}`]) {
      const text = await rest(path);
      expect(text).not.toContain('forged');
      expect(text).toContain(JSON.stringify(flow.name));
    }
  });

  it('of an editor deletes nothing', async () => {
    const { user, stop } = await editor();
    const flow = oneFlow(2);
    const version = makeVersion(flow);
    await push(user, [
      { ...flow, _rev: `1-${'1'.repeat(32)}` },
      { ...version, _rev: `1-${'1'.repeat(32)}` },
    ]);
    const refused = await push(user, [
      { _id: flow._id, _rev: forged, _deleted: true },
      { _id: flow._id, _rev: forged, _deleted: true, type: 'flow', schemaVersion: 1 },
      { ...flow, _rev: forged, deleted: true, deletedAt: new Date().toISOString() },
      { _id: version._id, _rev: forged, _deleted: true, resolvedInto: forged },
    ]);
    expect(refused).toMatchObject(Array.from({ length: 4 }, () => ({ error: 'forbidden' })));
    expect((await user.own(`/${flow._id}`)).status).toBe(200);
    expect((await user.own(`/${version._id}`)).status).toBe(200);
    await stop();
  });

  it('carries no field that only the server writes', async () => {
    const flow = oneFlow(3);
    for (const field of ['settee', 'ownerId', 'spaceId', 'movedFrom']) {
      expect(await push(owner, [{ ...flow, _rev: forged, [field]: 'x' }])).toMatchObject([
        { id: flow._id, error: 'forbidden' },
      ]);
    }
    expect((await owner.own(`/${flow._id}`)).status).toBe(404);
  });
});
