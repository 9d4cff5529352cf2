import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  activityAnalyticsSchema,
  bareId,
  executionAnalyticsSchema,
  flowAnalyticsSchema,
  type ExecutionDocument,
  type FlowDocument,
} from '../../../schema/index.ts';
import { makeExecutions } from '../../support/executions.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { outcome, rest, type RestCall } from '../../support/rest-client.ts';
import type { TestAccount } from '../../support/settee.ts';
import { useSettee } from '../../support/use-settee.ts';
import { seedExecutions, seedFlows } from './seed.ts';

const months = ['2025-01', '2025-02', '2025-04', '2025-05'];

const settee = useSettee();
let account: TestAccount;
let flows: FlowDocument[];
let executions: ExecutionDocument[];

beforeAll(async () => {
  account = await settee.register();
  const made = makeFlowDocuments({ seed: 11, count: 60, size: 8_000 });
  const templates = made.slice(0, 3).map(({ _id }) => bareId(_id));
  flows = made.map((flow, n) => ({
    ...flow,
    ...(n < 3 ? { isTemplate: true } : {}),
    ...(n >= 10 && n < 16 ? { parentFlowId: templates[n % 2 === 0 ? 1 : n % 3] ?? '' } : {}),
    ...(n % 20 === 19 ? { deleted: true, deletedAt: flow.updatedAt } : {}),
  }));
  await seedFlows(settee, account.user.id, flows);
  const flowIds = flows.slice(0, 8).map(({ _id }) => bareId(_id));
  executions = [];
  for (const [seed, month] of months.entries()) {
    const made250 = makeExecutions({ seed, count: 250, month, flowIds });
    executions.push(...made250);
    await seedExecutions(settee, account.user.id, { month, executions: made250 });
  }
});
const get = (target: string, options: RestCall = {}) =>
  rest(settee.url, `GET /api/analytics/${target}`, { token: account.accessToken, ...options });

const round = (value: number): number => Math.round(value * 100) / 100;

function count<T>(values: readonly T[], keys: (value: T) => readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of values.flatMap(keys)) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

function series(counts: Record<string, number>): { period: string; count: number }[] {
  return Object.keys(counts)
    .toSorted()
    .map((period) => ({ period, count: counts[period] ?? 0 }));
}

/** What the runs come to, counted one by one. */
function recount(runs: readonly ExecutionDocument[]): Record<string, unknown> {
  const byStatus = count(runs, ({ status }) => [status]);
  const ended = runs.filter(({ status }) => status !== 'running').length;
  const durations = runs
    .filter(({ status }) => status === 'completed')
    .map(
      ({ duration, startedAt, completedAt = '' }) =>
        duration ?? Date.parse(completedAt) - Date.parse(startedAt),
    );
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    total: runs.length,
    successful: byStatus.completed ?? 0,
    byStatus,
    successRate: ended === 0 ? null : round((100 * (byStatus.completed ?? 0)) / ended),
    averageDuration: durations.length === 0 ? null : round(sum(durations) / durations.length),
    tokensUsed: sum(runs.map(({ tokensUsed = 0 }) => tokensUsed)),
    apiCalls: sum(runs.map(({ apiCallCount = 0 }) => apiCallCount)),
    lastRunAt:
      runs
        .map(({ startedAt }) => startedAt)
        .toSorted()
        .at(-1) ?? null,
  };
}

const visible = (): ExecutionDocument[] => executions.filter(({ deleted }) => deleted !== true);

function hours(runs: readonly ExecutionDocument[]): number[] {
  const byHour = Array.from({ length: 24 }, () => 0);
  for (const { startedAt } of runs) byHour[new Date(startedAt).getUTCHours()]! += 1;
  return byHour;
}

describe('analytics of 1,000 executions', () => {
  it('equal a recount: totals, rates, sums, hours, days, flows', async () => {
    expect(executions).toHaveLength(1000);
    const { status, body } = await get('executions');
    expect(status).toBe(200);
    expect(executionAnalyticsSchema.parse(body)).toBeTruthy();
    expect(body).toMatchObject(recount(visible()));
    expect(body.byHour).toEqual(hours(visible()));
    expect(body.runs).toEqual(series(count(visible(), ({ startedAt }) => [startedAt.slice(0, 10)])));
    const busiest = Math.max(...hours(visible()));
    expect(body.peakHours[0]).toEqual({ hour: hours(visible()).indexOf(busiest), count: busiest });

    const flowIds = new Set(visible().map(({ flowId }) => flowId));
    expect(body.byFlow).toHaveLength(flowIds.size);
    for (const flow of body.byFlow) {
      expect(flow).toMatchObject(recount(visible().filter(({ flowId }) => flowId === flow.flowId)));
      expect(flow.flowName).toBe(flows.find(({ _id }) => bareId(_id) === flow.flowId)?.name);
    }
  });

  it.each([
    ['a span across months', { from: '2025-01-20', to: '2025-04-10' }],
    ['a span of hours', { from: '2025-02-03T06:00:00Z', to: '2025-02-05T18:30:00+02:00' }],
    ['everything since', { from: '2025-04-15' }],
    ['everything until', { to: '2025-01-31' }],
    ['nothing', { from: '2024-01-01', to: '2024-02-01' }],
  ])('equal a recount over %s', async (_what, range: { from?: string; to?: string }) => {
    const start = range.from === undefined ? 0 : Date.parse(range.from);
    const until = range.to ?? '2100-01-01';
    const end = until.length === 10 ? Date.parse(until) + 86_400_000 - 1 : Date.parse(until);
    const runs = visible().filter(
      ({ startedAt }) => Date.parse(startedAt) >= start && Date.parse(startedAt) <= end,
    );
    const { body } = await get(`executions?${new URLSearchParams(range)}`);
    expect(body).toMatchObject(recount(runs));
    expect(body.byHour).toEqual(hours(runs));
  });

  it('equal a recount of one flow, by week and month', async () => {
    const [{ flowId }] = visible() as [ExecutionDocument];
    const runs = visible().filter((run) => run.flowId === flowId);
    const { body } = await get(`executions?flowId=${flowId}&period=month`);
    expect(body).toMatchObject(recount(runs));
    expect(body.runs).toEqual(series(count(runs, ({ startedAt }) => [startedAt.slice(0, 7)])));
    expect(body.byHour).toEqual(hours(runs));
    const weeks = (await get('executions?period=week')).body.runs;
    expect(weeks.reduce((sum: number, week: { count: number }) => sum + week.count, 0)).toBe(
      visible().length,
    );
    expect(weeks[0].period).toBe('2025-W01');
  });

  it('follow a new run at once', async () => {
    const before = (await get('executions')).body.total;
    const { token } = { token: account.accessToken };
    const started = await rest(settee.url, 'POST /api/executions', { token, body: { flowId: 'new' } });
    expect((await get('executions')).body.total).toBe(before + 1);
    const complete = `PUT /api/executions/${started.body.id}/complete`;
    await rest(settee.url, complete, { token, body: { status: 'cancelled', tokensUsed: 5 } });
    const { body } = await get('executions?flowId=new');
    expect(body).toMatchObject({ total: 1, byStatus: { cancelled: 1 }, successRate: 0, tokensUsed: 5 });
  });
});

describe('analytics of flows', () => {
  it('equal a recount: status, category, tags, creation, nodes', async () => {
    const live = flows.filter(({ deleted }) => deleted !== true);
    const { body } = await get('flows?period=month');
    expect(flowAnalyticsSchema.parse(body)).toBeTruthy();
    const nodes = live.reduce((sum, { flow }) => sum + flow.nodes.length, 0);
    expect(body).toMatchObject({
      total: live.length,
      byStatus: count(live, ({ status = 'draft' }) => [status]),
      byCategory: count(live, ({ category }) => (category === undefined ? [] : [category])),
      byTag: count(live, ({ tags = [] }) => [...new Set(tags)]),
      created: series(count(live, ({ createdAt }) => [createdAt.slice(0, 7)])),
      averageNodeCount: round(nodes / live.length),
    });
    const days = series(count(live, ({ createdAt }) => [createdAt.slice(0, 10)]));
    expect((await get('flows')).body.created).toEqual(days);
    const some = days.filter(({ period }) => period >= '2025-03-01' && period <= '2025-05-31');
    expect((await get('flows?from=2025-03-01&to=2025-05-31')).body.created).toEqual(some);
  });

  it('rank templates by copies, then by runs', async () => {
    const { body } = await get('flows');
    const live = flows.filter(({ deleted }) => deleted !== true);
    const expected = live
      .filter(({ isTemplate }) => isTemplate === true)
      .map(({ _id, name }) => ({
        flowId: bareId(_id),
        name,
        copies: live.filter(({ parentFlowId }) => parentFlowId === bareId(_id)).length,
        executions: visible().filter(({ flowId }) => flowId === bareId(_id)).length,
      }))
      .toSorted((a, b) => b.copies - a.copies || b.executions - a.executions);
    expect(body.templates).toEqual(expected);
  });
});

describe('analytics of activity', () => {
  beforeEach(async () => {
    account = await settee.register();
  });

  it('tell the days on which somebody worked, and the last run of each flow', async () => {
    expect((await get('activity')).body).toMatchObject({
      activeDays: { day: 0, week: 0, month: 0 },
      lastActiveAt: null,
    });
    const token = account.accessToken;
    const body = { name: 'Mine', flow: { nodes: [], edges: [] } };
    const flow = await rest(settee.url, 'POST /api/flows', { token, body });
    const run = await rest(settee.url, 'POST /api/executions', { token, body: { flowId: flow.body.id } });
    const today = run.body.startedAt.slice(0, 10);
    const activity = (await get('activity')).body;
    expect(activityAnalyticsSchema.parse(activity)).toBeTruthy();
    expect(activity.activeDays.day).toBeGreaterThanOrEqual(1);
    expect(activity.executions).toEqual([{ period: today, count: 1 }]);
    expect(activity.flowsEdited).toHaveLength(1);
    expect(activity.lastRuns).toEqual([
      { flowId: flow.body.id, flowName: 'Mine', lastRunAt: run.body.startedAt },
    ]);
    expect(activity.lastActiveAt).toBe(run.body.startedAt);
  });

  it('refuse a time that is none', async () => {
    expect(outcome(await get('activity?from=yesterday'))).toBe('400 invalid_query');
    expect(outcome(await get('flows?period=year'))).toBe('400 invalid_query');
  });
});
