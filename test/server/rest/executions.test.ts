import { randomUUID } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { executionListSchema, executionSchema, monthOf, monthOfUuidV7 } from '../../../schema/index.ts';
import { makeExecutions } from '../../support/executions.ts';
import { outcome } from '../../support/rest-client.ts';
import { seedExecutions } from './seed.ts';
import { useAccount } from './use-account.ts';

const { settee, account, call } = useAccount();

const start = (body: object) => call('POST /api/executions', { body });

describe('recording a run', () => {
  it('starts it in the month of its id and tells when', async () => {
    const flowId = randomUUID();
    const { status, body } = await start({
      flowId,
      flowName: 'Answer mail',
      flowVersion: '1.2.0',
      input: { q: 1 },
      trigger: 'api',
    });
    expect(status).toBe(201);
    expect(body).toEqual({ id: expect.any(String), status: 'running', startedAt: expect.any(String) });
    expect(monthOfUuidV7(body.id)).toBe(monthOf(new Date(body.startedAt)));
    const read = await call(`GET /api/executions/${body.id}`);
    expect(executionSchema.parse(read.body)).toBeTruthy();
    expect(read.body).toMatchObject({
      flowId,
      flowName: 'Answer mail',
      flowVersion: '1.2.0',
      input: { q: 1 },
      trigger: 'api',
      results: [],
      triggeredBy: account.user.id,
    });
    expect(read.headers.get('etag')).toBe(`"${read.body.revision}"`);
  });

  it('takes name and version from the flow where they are not told', async () => {
    const body = { name: 'Known flow', flow: { nodes: [], edges: [] }, version: '3.1.4' };
    const flow = await call('POST /api/flows', { body });
    const { body: run } = await start({ flowId: flow.body.id });
    expect((await call(`GET /api/executions/${run.id}`)).body).toMatchObject({
      flowName: 'Known flow',
      flowVersion: '3.1.4',
      trigger: 'manual',
    });
  });

  it('completes it with results and metrics', async () => {
    const { body: run } = await start({ flowId: 'flow-1' });
    const results = [
      { nodeId: 'a', output: 'text', executedAt: run.startedAt, metadata: { model: 'm', tokensUsed: 3 } },
    ];
    const end = {
      status: 'completed',
      results,
      duration: 1234,
      tokensUsed: 77,
      apiCallCount: 3,
      metrics: { nodeExecutionTimes: { a: 1200 } },
    };
    const { status, body } = await call(`PUT /api/executions/${run.id}/complete`, { body: end });
    expect(status).toBe(200);
    const { metrics, ...fields } = end;
    expect(body).toMatchObject({
      ...fields,
      ...metrics,
      id: run.id,
      flowId: 'flow-1',
      startedAt: run.startedAt,
    });
    expect(body.completedAt >= run.startedAt).toBe(true);
    expect(body).not.toHaveProperty('metrics');
    expect((await call(`GET /api/executions/${run.id}`)).body).toEqual(body);
  });

  it('counts the duration where it is not told, and keeps what failed', async () => {
    const { body: run } = await start({ flowId: 'flow-1' });
    const completedAt = new Date(Date.parse(run.startedAt) + 4321).toISOString();
    const logs = [{ level: 'error', message: 'no', timestamp: completedAt }, 'plain'];
    const end = {
      status: 'failed',
      completedAt,
      error: 'no',
      failedNodeId: 'n1',
      logs,
      warnings: ['careful'],
    };
    const { body } = await call(`PUT /api/executions/${run.id}/complete`, { body: end });
    expect(body).toMatchObject({ status: 'failed', duration: 4321, error: 'no', failedNodeId: 'n1' });
    expect((await call(`GET /api/executions/${run.id}/logs`)).body).toEqual({ logs, warnings: ['careful'] });
  });

  it('cannot be told by a client who started it, when it ended before it began, or whose it is', async () => {
    const { body: run } = await start({
      flowId: 'f',
      triggeredBy: 'somebody',
      status: 'completed',
      _id: 'run:x',
      type: 'run',
    });
    expect(run.status).toBe('running');
    const end = {
      status: 'completed',
      flowId: 'other',
      startedAt: '2001-01-01T00:00:00.000Z',
      _rev: '1-x',
      type: 'run',
    };
    const { status, body } = await call(`PUT /api/executions/${run.id}/complete`, { body: end });
    expect(status).toBe(200);
    expect(body).toMatchObject({ flowId: 'f', startedAt: run.startedAt, triggeredBy: account.user.id });
  });

  it('refuses a taken id, a bad status, an unknown run and a stale If-Match', async () => {
    const { body: run, headers } = await start({ flowId: 'f', id: uuidV7() });
    expect(outcome(await start({ flowId: 'f', id: run.id }))).toBe('409 conflict');
    expect(outcome(await start({ trigger: 'api' }))).toBe('400 invalid_body');
    expect(outcome(await start({ flowId: 'f', trigger: 'moon' }))).toBe('400 invalid_body');
    const complete = `PUT /api/executions/${run.id}/complete`;
    expect(outcome(await call(complete, { body: { status: 'running' } }))).toBe('400 invalid_body');
    const unknown = `PUT /api/executions/${uuidV7()}/complete`;
    expect(outcome(await call(unknown, { body: { status: 'failed' } }))).toBe('404 not_found');
    const ifMatch = { 'if-match': headers.get('etag') ?? '' };
    expect((await call(complete, { body: { status: 'failed' }, headers: ifMatch })).status).toBe(200);
    expect(outcome(await call(complete, { body: { status: 'completed' }, headers: ifMatch }))).toBe(
      '412 precondition_failed',
    );
  });

  it('refuses months before the account and after tomorrow', async () => {
    const early = uuidV7({ msecs: Date.parse('2020-02-02T00:00:00Z') });
    expect(outcome(await start({ flowId: 'f', id: early }))).toBe('400 bad_request');
    const late = uuidV7({ msecs: Date.now() + 70 * 86_400_000 });
    expect(outcome(await start({ flowId: 'f', id: late }))).toBe('400 bad_request');
  });
});

describe('runs with ids of elsewhere', () => {
  it('go by their start, and are found by id in whatever month', async () => {
    const imported = makeExecutions({ seed: 4, count: 1, month: '2025-02' }).map((run) => ({
      ...run,
      _id: 'execution:old-run_17',
      deleted: false,
    }));
    await seedExecutions(settee, account.user.id, { month: '2025-02', executions: imported });
    const { status, body } = await call('GET /api/executions/old-run_17');
    expect(status).toBe(200);
    expect(body.startedAt).toMatch(/^2025-02/);
    expect(
      (await call('PUT /api/executions/old-run_17/complete', { body: { status: 'failed' } })).status,
    ).toBe(200);
    expect(outcome(await start({ flowId: 'f', id: 'old-run_17' }))).toBe('409 conflict');
    const kept = await start({ flowId: 'f', id: 'another-old', startedAt: '2025-03-01T10:00:00.000Z' });
    expect(kept.status).toBe(201);
    expect(
      (await call('GET /api/spaces')).body.spaces[0].runs
        .map(({ month }: { month: string }) => month)
        .toSorted(),
    ).toEqual(['2025-02', '2025-03']);
    expect((await call('GET /api/executions/another-old')).body.startedAt).toBe('2025-03-01T10:00:00.000Z');
  });
});

describe('a list of runs over months', () => {
  it('is newest first, whole over every page, for every filter', async () => {
    const months = ['2025-03', '2025-05', '2025-06'];
    const flowIds = ['flow-a', 'flow-b', 'flow-c'];
    const all = months.flatMap((month, n) => makeExecutions({ seed: n, count: 60, month, flowIds }));
    for (const month of months) {
      const executions = all.filter(({ startedAt }) => startedAt.startsWith(month));
      await seedExecutions(settee, account.user.id, { month, executions });
    }
    const visible = all
      .filter(({ deleted }) => deleted !== true)
      .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
    const filters: Record<string, string>[] = [
      {},
      { flowId: 'flow-b' },
      { status: 'failed' },
      { flowId: 'flow-a', status: 'completed' },
    ];
    for (const filter of filters) {
      const expected = visible.filter((run) =>
        Object.entries(filter).every(([field, value]) => run[field] === value),
      );
      const times: string[] = [];
      for (let total = Number.POSITIVE_INFINITY; times.length < total;) {
        const query = new URLSearchParams({ ...filter, limit: '17', offset: String(times.length) });
        const { status, body } = await call(`GET /api/executions?${query}`);
        expect(status).toBe(200);
        expect(executionListSchema.parse(body)).toMatchObject({ total: expected.length, limit: 17 });
        times.push(...body.executions.map(({ startedAt }: { startedAt: string }) => startedAt));
        expect(body.executions.length).toBeGreaterThan(0);
        total = body.total;
      }
      expect(times).toEqual(expected.map(({ startedAt }) => startedAt));
    }
    const [summary] = (await call('GET /api/executions?limit=1')).body.executions;
    expect(summary).not.toHaveProperty('results');
    expect(summary).not.toHaveProperty('input');
    expect(outcome(await call('GET /api/executions?status=lost'))).toBe('400 invalid_query');
  });

  it('leaves out a run that was deleted softly, by id as well', async () => {
    const [run] = makeExecutions({ seed: 9, count: 1, month: '2025-04' });
    const executions = [{ ...run, _id: run?._id ?? '', deleted: true } as NonNullable<typeof run>];
    await seedExecutions(settee, account.user.id, { month: '2025-04', executions });
    expect(outcome(await call(`GET /api/executions/${run?._id.slice(10)}`))).toBe('404 not_found');
    expect((await call('GET /api/executions')).body.total).toBe(0);
  });
});
