import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { flowSchema, flowStatsSchema } from '../../../schema/index.ts';
import { makeFlows, realFlows } from '../../support/flows.ts';
import { outcome, rest } from '../../support/rest-client.ts';
import { device, useFlows } from './use-flows.ts';

const { settee, account, call, create } = useFlows();

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
