import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExecutionDocument, FlowDocument } from '../../schema/index.ts';
import { startDesignEngine, type DesignDatabase, type DesignEngine } from '../support/design-database.ts';
import { makeExecutions } from '../support/executions.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import { makeVersion } from '../../flow/index.ts';

let engine: DesignEngine;
let space: DesignDatabase;
let runs: DesignDatabase;

const executions = makeExecutions({ seed: 42, count: 1_000 });
const flows = makeFlowDocuments({ seed: 42, count: 150, size: 6_000 }).map((flow, n): FlowDocument => {
  if (n % 10 === 0) return { ...flow, deleted: true, deletedAt: flow.updatedAt };
  const { status: _status, category: _category, tags: _tags, ...bare } = flow;
  return n % 10 === 1 ? bare : flow;
});

beforeAll(async () => {
  engine = await startDesignEngine();
  space = await engine.createDatabase('space');
  runs = await engine.createDatabase('runs', '2025-03');
  const versions = flows.slice(0, 3).map(makeVersion);
  for (const [database, docs] of [
    [space, flows],
    [space, versions],
    [runs, executions],
  ] as const) {
    const answer = await database.request('POST', '_bulk_docs', { docs });
    expect((answer.body as { error?: string }[]).filter(({ error }) => error)).toEqual([]);
  }
});
afterAll(() => engine.stop());

interface Row {
  key: unknown;
  value: unknown;
  id?: string;
}
interface Stats {
  sum: number;
  count: number;
  min: number;
  max: number;
  sumsqr: number;
}

async function read(database: DesignDatabase, view: string, query: string): Promise<Row[]> {
  const answer = await database.request('GET', `_design/settee/_view/${view}?${query}`);
  expect(answer.status).toBe(200);
  return (answer.body as { rows: Row[] }).rows;
}

/** A view's reduced rows as an object by key. */
async function reduced<T>(database: DesignDatabase, view: string): Promise<Record<string, T>> {
  const rows = await read(database, view, 'group=true');
  return Object.fromEntries(
    rows.map(({ key, value }) => [Array.isArray(key) ? key.join(' ') : String(key), value as T]),
  );
}

function countBy<T>(values: readonly T[], keysOf: (value: T) => readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of values.flatMap(keysOf)) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

function statsBy<T>(values: readonly T[], keyOf: (value: T) => string, numberOf: (value: T) => number) {
  const stats: Record<string, Stats> = {};
  for (const value of values) {
    const n = numberOf(value);
    const before = stats[keyOf(value)] ?? { sum: 0, count: 0, min: n, max: n, sumsqr: 0 };
    stats[keyOf(value)] = {
      sum: before.sum + n,
      count: before.count + 1,
      min: Math.min(before.min, n),
      max: Math.max(before.max, n),
      sumsqr: before.sumsqr + n * n,
    };
  }
  return stats;
}

const liveFlows = flows.filter((flow) => flow.deleted !== true);
const liveRuns = executions.filter((run) => run.deleted !== true);
const durationOf = (run: ExecutionDocument): number | undefined =>
  run.duration ?? (run.completedAt ? Date.parse(run.completedAt) - Date.parse(run.startedAt) : undefined);

test('flows by status, category, tag and day are those of a recount', async () => {
  expect(await reduced(space, 'flows_by_status')).toEqual(
    countBy(liveFlows, (flow) => [flow.status ?? 'draft']),
  );
  expect(await reduced(space, 'flows_by_category')).toEqual(
    countBy(liveFlows, ({ category }) => (category === undefined ? [] : [category])),
  );
  expect(await reduced(space, 'flows_by_tag')).toEqual(countBy(liveFlows, (flow) => [...new Set(flow.tags)]));
  for (const [view, field] of [
    ['flows_by_created_day', 'createdAt'],
    ['flows_by_updated_day', 'updatedAt'],
  ] as const) {
    expect(await reduced(space, view)).toEqual(countBy(liveFlows, (flow) => [flow[field].slice(0, 10)]));
  }
});

test('the node count is that of a recount', async () => {
  const { null: expected } = statsBy(
    liveFlows,
    () => 'null',
    (flow) => flow.flow.nodes.length,
  );
  expect((await read(space, 'node_count', 'reduce=true'))[0]?.value).toEqual(expected);
});

test('executions by flow and status, durations, tokens and calls are those of a recount', async () => {
  expect(await reduced(runs, 'executions_by_flow_status')).toEqual(
    statsBy(
      liveRuns,
      (run) => `${run.flowId} ${run.status}`,
      (run) => durationOf(run) ?? 0,
    ),
  );
  const completed = liveRuns.filter((run) => run.status === 'completed');
  expect(completed.length).toBeGreaterThan(300);
  expect(await reduced(runs, 'durations_by_flow')).toEqual(
    statsBy(
      completed.filter((run) => durationOf(run) !== undefined),
      (run) => run.flowId,
      (run) => durationOf(run) ?? 0,
    ),
  );
  for (const [view, field] of [
    ['tokens_by_flow', 'tokensUsed'],
    ['api_calls_by_flow', 'apiCallCount'],
  ] as const) {
    const expected = statsBy(
      liveRuns,
      (run) => run.flowId,
      (run) => run[field] ?? 0,
    );
    expect(await reduced(runs, view)).toEqual(expected);
  }
});

test('executions by hour and day, and the last run of each flow, are those of a recount', async () => {
  expect(await reduced(runs, 'executions_by_hour')).toEqual(
    countBy(liveRuns, (run) => [String(new Date(run.startedAt).getUTCHours())]),
  );
  expect(await reduced(runs, 'executions_by_day')).toEqual(
    countBy(liveRuns, (run) => [run.startedAt.slice(0, 10)]),
  );
  const last = Object.entries(await reduced<Stats>(runs, 'last_run')).map(([flow, stats]) => [
    flow,
    stats.max,
  ]);
  const expected = statsBy(
    liveRuns,
    (run) => run.flowId,
    (run) => Date.parse(run.startedAt),
  );
  expect(Object.fromEntries(last)).toEqual(
    Object.fromEntries(Object.entries(expected).map(([flow, stats]) => [flow, stats.max])),
  );
});

test('runs are listed newest first, by flow and by status too, and counted', async () => {
  const newest = liveRuns.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
  const listed = await read(runs, 'executions_by_started', 'reduce=false&descending=true&limit=20&skip=10');
  expect(listed.map(({ key }) => key)).toEqual(newest.slice(10, 30).map((run) => run.startedAt));
  const [first] = newest;
  const flowId = first?.flowId ?? '';
  const range = `startkey=${JSON.stringify([flowId, {}])}&endkey=${JSON.stringify([flowId])}`;
  const ofFlow = await read(runs, 'executions_by_flow', `reduce=false&descending=true&${range}`);
  expect(ofFlow.map(({ id }) => id)).toEqual(
    newest.filter((run) => run.flowId === flowId).map(({ _id }) => _id),
  );
  expect(ofFlow[0]?.value).toMatchObject({ flowId, status: first?.status, startedAt: first?.startedAt });
  const byStatus = await read(runs, 'executions_by_status', 'group_level=1');
  expect(Object.fromEntries(byStatus.map(({ key, value }) => [(key as string[])[0], value]))).toEqual(
    countBy(liveRuns, (run) => [run.status]),
  );
  expect((await read(runs, 'executions_by_started', 'reduce=true'))[0]?.value).toBe(liveRuns.length);
});

test('summaries list every flow by its last change, deleted ones marked, without graphs', async () => {
  const rows = await read(space, 'flow_summaries', 'reduce=false');
  expect(rows.map(({ key }) => key)).toEqual(flows.map((flow) => flow.updatedAt).toSorted());
  for (const { id, value } of rows) {
    const flow = flows.find(({ _id }) => _id === id);
    expect(value).toMatchObject({
      name: flow?.name,
      nodeCount: flow?.flow.nodes.length,
      edgeCount: flow?.flow.edges.length,
    });
    expect((value as { deleted?: boolean }).deleted).toBe(flow?.deleted);
    expect(JSON.stringify(value).length).toBeLessThan(3_000);
  }
});

test('versions are listed by flow', async () => {
  const flow = flows[1] as FlowDocument;
  const range = `startkey=${JSON.stringify([flow._id.slice(5)])}&endkey=${JSON.stringify([flow._id.slice(5), {}])}`;
  const rows = await read(space, 'versions_by_flow', `reduce=false&${range}`);
  expect(rows.map(({ id }) => id)).toEqual([makeVersion(flow)._id]);
  expect(rows[0]?.value).toMatchObject({
    name: flow.name,
    version: '1.0.0',
    nodeCount: flow.flow.nodes.length,
  });
});
