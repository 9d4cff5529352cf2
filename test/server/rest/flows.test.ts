import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { flowSchema, flowStatsSchema } from '../../../schema/index.ts';
import { makeFlows, realFlows } from '../../support/flows.ts';
import { outcome, rest, type RestCall } from '../../support/rest-client.ts';
import { startSettee, type TestAccount, type TestSettee } from '../../support/settee.ts';

let settee: TestSettee;
let account: TestAccount;

beforeAll(async () => {
  settee = await startSettee();
});
afterAll(async () => {
  await settee.stop();
});
beforeEach(async () => {
  account = await settee.register();
});

const call = (target: string, options: RestCall = {}) =>
  rest(settee.url, target, { token: account.accessToken, ...options });

const device = {
  deviceType: 'desktop',
  os: 'Linux',
  browser: 'Firefox 140',
  timestamp: '2026-01-01T00:00:00.000Z',
};

async function create(fields: object = {}): Promise<{ id: string; etag: string }> {
  const [flow] = makeFlows({ seed: 1, count: 1 });
  const { status, body, headers } = await call('POST /api/flows', { body: { ...flow, ...fields } });
  expect(status).toBe(201);
  return { id: body.id, etag: headers.get('etag') ?? '' };
}

describe('creating a flow', () => {
  it('answers with what the contract lists and keeps every field', async () => {
    const [flow] = makeFlows({ seed: 2, count: 1 });
    const metadata = { createdOnDevice: device, userAgent: 'Test/1' };
    const created = await call('POST /api/flows', {
      body: { ...flow, theirs: { kept: [1, null] }, metadata },
    });
    expect(created.status).toBe(201);
    expect(Object.keys(created.body).toSorted()).toEqual(
      ['id', 'name', 'version', 'createdAt', 'updatedAt', 'syncedToCloud'].toSorted(),
    );
    expect(created.body).toMatchObject({ name: flow?.name, version: '1.0.0', syncedToCloud: true });

    const read = await call(`GET /api/flows/${created.body.id}`);
    expect(read.status).toBe(200);
    expect(flowSchema.parse(read.body)).toBeTruthy();
    expect(read.body).toMatchObject({
      ...flow,
      theirs: { kept: [1, null] },
      createdOnDevice: device,
      userAgent: 'Test/1',
    });
    expect(read.body).toMatchObject({ versionHistory: [], conflicts: 0, executionCount: 0 });
    expect(read.body.contributors).toEqual([{ userId: account.user.id, name: account.email, role: 'owner' }]);
    expect(read.body).not.toHaveProperty('metadata');
    expect(read.headers.get('etag')).toBe(`"${read.body.revision}"`);
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'));
  });

  it('keeps real flows to the last unknown field', async () => {
    for (const { name, flow } of realFlows()) {
      const { body } = await call('POST /api/flows', { body: { name, flow } });
      expect((await call(`GET /api/flows/${body.id}`)).body.flow).toEqual(flow);
    }
  });

  it('ignores what only the server may say', async () => {
    const { id } = await create({
      executionCount: 99,
      successRate: 100,
      avgExecutionTime: 'quick',
      lastExecutedAt: 'yesterday',
      ownerId: 'somebody',
      settee: { trusted: true },
      deleted: true,
      _attachments: { 'a.txt': { data: '' } },
    });
    const { body } = await call(`GET /api/flows/${id}`);
    expect(body.executionCount).toBe(0);
    for (const field of [
      'successRate',
      'avgExecutionTime',
      'lastExecutedAt',
      'ownerId',
      'settee',
      'deleted',
    ]) {
      expect(body).not.toHaveProperty(field);
    }
  });

  it('takes a free id and refuses a taken one', async () => {
    const id = randomUUID();
    expect((await create({ id })).id).toBe(id);
    const flow = { nodes: [], edges: [] };
    expect(outcome(await call('POST /api/flows', { body: { id, name: 'Again', flow } }))).toBe(
      '409 conflict',
    );
  });

  it.each([
    ['no name', { flow: { nodes: [], edges: [] } }],
    ['a blank name', { name: '   ', flow: { nodes: [], edges: [] } }],
    ['a long name', { name: 'x'.repeat(256), flow: { nodes: [], edges: [] } }],
    ['no graph', { name: 'Flow' }],
    ['a graph without nodes', { name: 'Flow', flow: { edges: [] } }],
    ['a category too long', { name: 'Flow', flow: { nodes: [], edges: [] }, category: 'c'.repeat(101) }],
    ['an unknown status', { name: 'Flow', flow: { nodes: [], edges: [] }, status: 'lost' }],
    ['an id that is no uuid', { id: 'flow-1', name: 'Flow', flow: { nodes: [], edges: [] } }],
    ['a list', []],
  ])('refuses %s and says where', async (_what, body) => {
    const answer = await call('POST /api/flows', { body });
    expect(outcome(answer)).toBe('400 invalid_body');
    expect(answer.body.details[0]).toHaveProperty('path');
  });
});

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

describe('copying a flow', () => {
  it('makes a new flow that names where it came from', async () => {
    const { id } = await create({ name: 'Original', isFavorite: true });
    await call(`POST /api/flows/${id}/versions`, { body: { changes: 'first' } });
    const source = (await call(`GET /api/flows/${id}`)).body;
    const { status, body } = await call(`POST /api/workflows/${id}/duplicate`);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'Original (copy)',
      parentFlowId: id,
      version: '1.0.0',
      versionHistory: [],
    });
    expect(body.flow).toEqual(source.flow);
    expect(body.id).not.toBe(id);
    expect(body).not.toHaveProperty('isFavorite');
    const named = await call(`POST /api/workflows/${id}/duplicate`, { body: { name: 'Mine' } });
    expect(named.body.name).toBe('Mine');
  });
});

describe('computed fields', () => {
  it('follow from the runs of the flow', async () => {
    const { id } = await create();
    const run = async (end: object | null): Promise<string> => {
      const started = await call('POST /api/executions', { body: { flowId: id, trigger: 'manual' } });
      if (end) await call(`PUT /api/executions/${started.body.id}/complete`, { body: end });
      return started.body.startedAt;
    };
    await run({ status: 'completed', duration: 100, tokensUsed: 5, apiCallCount: 1 });
    await run({ status: 'completed', duration: 301, tokensUsed: 7, metrics: { apiCallCount: 2 } });
    await run({ status: 'failed', duration: 9_000, error: 'no' });
    const lastExecutedAt = await run(null);
    const computed = { executionCount: 4, successRate: 66.67, avgExecutionTime: 200.5, lastExecutedAt };
    expect((await call(`GET /api/flows/${id}`)).body).toMatchObject(computed);
    expect((await call('GET /api/workflows')).body.flows[0]).toMatchObject(computed);
    const stats = await call(`GET /api/workflows/${id}/stats`);
    expect(flowStatsSchema.parse(stats.body)).toEqual({
      flowId: id,
      totalExecutions: 4,
      successfulExecutions: 2,
      failedExecutions: 1,
      cancelledExecutions: 0,
      runningExecutions: 1,
      successRate: 66.67,
      avgExecutionTime: 200.5,
      tokensUsed: 12,
      lastExecutedAt,
    });
    expect(stats.body.apiCallCount).toBe(3);
  });
});

describe('the same flows under /api/workflows', () => {
  it('are created, read, changed and deleted there', async () => {
    const body = { name: 'Workflow', flow: { nodes: [], edges: [] } };
    const created = await call('POST /api/workflows', { body });
    const target = `/api/workflows/${created.body.id}`;
    expect(created.headers.get('location')).toBe(target);
    expect((await call(`PUT ${target}`, { body: { status: 'active' } })).body.status).toBe('active');
    expect((await call(`GET /api/flows/${created.body.id}`)).body.status).toBe('active');
    expect((await call(`DELETE ${target}`)).body.deleted).toBe(true);
    expect((await call(`POST ${target}/restore`)).status).toBe(200);
  });

  it('do not pretend to run anything', async () => {
    const { id } = await create();
    for (const target of [
      `workflows/${id}/execute`,
      `flows/${id}/execute`,
      `executions/${id}/retry`,
      `executions/${id}/cancel`,
    ]) {
      expect(outcome(await call(`POST /api/${target}`))).toBe('404 not_found');
    }
  });
});

describe('who may', () => {
  it('is told by a token, and by the scopes of a key', async () => {
    const { id } = await create();
    expect((await rest(settee.url, `GET /api/flows/${id}`)).status).toBe(401);
    const key = await call('POST /api/keys', { body: { name: 'reader', scopes: ['read'] } });
    const token = key.body.secret ?? key.body.key;
    expect(token).toMatch(/^stk_/);
    expect((await call(`GET /api/flows/${id}`, { token })).status).toBe(200);
    expect(outcome(await call(`PUT /api/flows/${id}`, { token, body: { name: 'x' } }))).toBe(
      '403 insufficient_scope',
    );
  });

  it('is never another user', async () => {
    const { id } = await create();
    const version = (await call(`POST /api/flows/${id}/versions`)).body.id;
    const run = (await call('POST /api/executions', { body: { flowId: id } })).body.id;
    const stranger = (await settee.register()).accessToken;
    const flow = { nodes: [], edges: [] };
    for (const target of [
      `GET /api/flows/${id}`,
      `GET /api/flows/${id}?deleted=true`,
      `DELETE /api/flows/${id}`,
      `POST /api/flows/${id}/restore`,
      `POST /api/flows/${id}/duplicate`,
      `GET /api/flows/${id}/stats`,
      `GET /api/flows/${id}/versions`,
      `POST /api/flows/${id}/versions/${version}/restore`,
      `GET /api/executions/${run}`,
      `GET /api/executions/${run}/logs`,
    ]) {
      expect(outcome(await call(target, { token: stranger })), target).toBe('404 not_found');
    }
    const complete = { token: stranger, body: { status: 'failed' } };
    expect(outcome(await call(`PUT /api/executions/${run}/complete`, complete))).toBe('404 not_found');
    expect((await call('GET /api/flows', { token: stranger })).body.total).toBe(0);
    expect((await call('GET /api/executions', { token: stranger })).body.total).toBe(0);
    expect((await call('GET /api/sync/flows', { token: stranger })).body.flows).toEqual([]);
    expect((await call('GET /api/analytics/executions', { token: stranger })).body.total).toBe(0);

    // Under the same id a stranger makes a flow of his own.
    const theirs = await call(`PUT /api/flows/${id}`, { token: stranger, body: { name: 'Mine', flow } });
    expect(theirs.status).toBe(201);
    expect((await call(`GET /api/flows/${id}`)).body.name).not.toBe('Mine');
  });

  it.each(['not-a-uuid', '..%2f..%2f_users', 'flow:1', '%00', 'A1B2C3D4-0000-4000-8000-00000000000G'])(
    'meets a clear refusal for the id %s',
    async (id) => {
      expect(outcome(await call(`GET /api/flows/${id}`))).toBe('400 bad_request');
    },
  );
});
