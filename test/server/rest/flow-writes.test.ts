import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { outcome, rest } from '../../support/rest-client.ts';
import { device, useFlows } from './use-flows.ts';

const { settee, account, call, create } = useFlows();

describe('changing a flow', () => {
  it('changes the fields named, leaves the others, and clears with null', async () => {
    const { id } = await create({
      description: 'before',
      readme: 'kept',
      category: 'gone',
      _rev: '1-forged',
    });
    const body = { name: 'Renamed', category: null, metadata: { lastModifiedOnDevice: device } };
    const { status, body: changed, headers } = await call(`PUT /api/flows/${id}`, { body });
    expect(status).toBe(200);
    expect(changed).toMatchObject({
      name: 'Renamed',
      description: 'before',
      readme: 'kept',
      lastModifiedOnDevice: device,
    });
    expect(changed).not.toHaveProperty('category');
    expect(headers.get('etag')).toBe(`"${changed.revision}"`);
    expect((await call(`GET /api/flows/${id}`)).body).toEqual(changed);
  });

  it('cannot clear or set what makes it a flow', async () => {
    const { id } = await create();
    const before = (await call(`GET /api/flows/${id}`)).body;
    const body = {
      _id: null,
      type: null,
      schemaVersion: null,
      createdAt: null,
      updatedAt: null,
      deleted: null,
    };
    const { status } = await call(`PUT /api/flows/${id}`, {
      body: { ...body, createdAt: undefined, updatedAt: undefined, deleted: undefined },
    });
    expect(status).toBe(200);
    const after = (await call(`GET /api/flows/${id}`)).body;
    expect({ ...after, updatedAt: '', revision: '' }).toEqual({ ...before, updatedAt: '', revision: '' });
  });

  it('creates a flow under an id the server has not seen, once name and graph are there', async () => {
    const id = randomUUID();
    expect(outcome(await call(`PUT /api/flows/${id}`, { body: { name: 'Half' } }))).toBe('404 not_found');
    const createdAt = '2025-05-05T05:05:05.000Z';
    const body = { name: 'Made offline', flow: { nodes: [], edges: [] }, createdAt };
    const created = await call(`PUT /api/flows/${id}`, { body });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ id, name: 'Made offline', version: '1.0.0', createdAt });
    expect((await call(`PUT /api/flows/${id}`, { body })).status).toBe(200);
  });

  it('answers 412 with the current flow where If-Match differs', async () => {
    const { id, etag } = await create();
    const headers = { 'if-match': etag };
    const first = await call(`PUT /api/flows/${id}`, { body: { name: 'First' }, headers });
    expect(first.status).toBe(200);
    const second = await call(`PUT /api/flows/${id}`, { body: { name: 'Second' }, headers });
    expect(outcome(second)).toBe('412 precondition_failed');
    expect(second.body.details.current).toMatchObject({ id, name: 'First', revision: first.body.revision });
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(outcome(await call(`DELETE /api/flows/${id}`, { headers }))).toBe('412 precondition_failed');
    const unseen = await call(`PUT /api/flows/${randomUUID()}`, {
      body: { name: 'x' },
      headers: { 'if-match': '*' },
    });
    expect(outcome(unseen)).toBe('412 precondition_failed');
    expect(
      (await call(`PUT /api/flows/${id}`, { body: { name: 'Any' }, headers: { 'if-match': '*' } })).status,
    ).toBe(200);
  });

  it('creates only where nothing is, given If-None-Match: *', async () => {
    const body = { name: 'Once', flow: { nodes: [], edges: [] } };
    const target = `PUT /api/flows/${randomUUID()}`;
    const headers = { 'if-none-match': '*' };
    expect((await call(target, { body, headers })).status).toBe(201);
    expect(outcome(await call(target, { body, headers }))).toBe('412 precondition_failed');
  });

  it('answers 304 to a reader who has the revision', async () => {
    const { id, etag } = await create();
    expect((await call(`GET /api/flows/${id}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('lets twenty writers at once all through; each field is as its last writer left it', async () => {
    const { id } = await create();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        call(`PUT /api/flows/${id}`, { body: { [`field${n}`]: n, name: `Writer ${n}` } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const { body } = await call(`GET /api/flows/${id}`);
    for (let n = 0; n < 20; n += 1) expect(body[`field${n}`]).toBe(n);
    expect(body.name).toMatch(/^Writer \d+$/);
    expect(body.conflicts).toBe(0);
  });

  it('lets exactly one of ten writers with the same If-Match through', async () => {
    const { id, etag } = await create();
    const headers = { 'if-match': etag };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        call(`PUT /api/flows/${id}`, { body: { name: `Writer ${n}` }, headers }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array.from({ length: 9 }, () => 412),
    ]);
  });

  it('holds between two servers too', async () => {
    const { id, etag } = await create();
    const other = await settee.startAnother();
    const servers = [settee.url, other.url];
    const put = (n: number, body: object, headers: Record<string, string> = {}) =>
      rest(servers[n % 2] ?? '', `PUT /api/flows/${id}`, { token: account.accessToken, body, headers });
    const guarded = await Promise.all(
      Array.from({ length: 6 }, (_, n) => put(n, { name: `Writer ${n}` }, { 'if-match': etag })),
    );
    expect(guarded.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200, 412, 412, 412, 412, 412,
    ]);
    const open = await Promise.all(Array.from({ length: 12 }, (_, n) => put(n, { [`field${n}`]: n })));
    expect(open.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    const { body } = await call(`GET /api/flows/${id}`);
    for (let n = 0; n < 12; n += 1) expect(body[`field${n}`]).toBe(n);
  });

  it('makes one flow of several that create the same id at once', async () => {
    const target = `PUT /api/flows/${randomUUID()}`;
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        call(target, { body: { name: `Maker ${n}`, flow: { nodes: [], edges: [] } } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(7);
  });
});

describe('deleting a flow', () => {
  it('deletes softly, hides it, and restores it whole', async () => {
    const { id } = await create({ readme: 'stays' });
    const before = (await call(`GET /api/flows/${id}`)).body;
    const removed = await call(`DELETE /api/flows/${id}`);
    expect(removed.status).toBe(200);
    expect(removed.body).toEqual({ deleted: true, deletedAt: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect((await call(`DELETE /api/flows/${id}`)).body).toEqual(removed.body);

    const hidden = await call(`GET /api/flows/${id}`);
    expect(outcome(hidden)).toBe('404 not_found');
    expect(hidden.body.details).toEqual(removed.body);
    expect(outcome(await call(`PUT /api/flows/${id}`, { body: { name: 'Late' } }))).toBe('409 conflict');
    const shown = await call(`GET /api/flows/${id}?deleted=true`);
    expect(shown.body).toMatchObject({ deleted: true, deletedBy: account.user.id, readme: 'stays' });
    expect((await call('GET /api/flows')).body).toMatchObject({ total: 0, flows: [] });
    expect((await call('GET /api/flows?deleted=true')).body).toMatchObject({
      total: 1,
      flows: [{ id, deleted: true }],
    });

    const restored = await call(`POST /api/flows/${id}/restore`);
    expect(restored.status).toBe(200);
    expect({ ...restored.body, updatedAt: '', revision: '' }).toEqual({
      ...before,
      updatedAt: '',
      revision: '',
    });
    expect((await call('GET /api/flows')).body.total).toBe(1);
  });
});
