import { monthOf, type Month } from '../../schema/database-names.ts';
import { bareId, executionDocId, monthOfUuidV7 } from '../../schema/ids.ts';
import { SetteeClientError } from '../errors.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import type {
  Execution,
  ExecutionEnd,
  ExecutionListResult,
  ExecutionQuery,
  ExecutionsApi,
  ExecutionStart,
} from '../types.ts';
import type { CurrentWorkspace } from '../workspace.ts';
import { describeDevice } from './device-info.ts';
import { getOrNull, retryOnConflict } from './local-documents.ts';
import { readInOrder } from './read-in-order.ts';
import type { RunSummary } from './run-index.ts';
import { timedId } from './uuid.ts';
import { watchQuery } from './watch-query.ts';

const defaultLimit = 100;

interface ExecutionsOptions {
  current: CurrentWorkspace;
  /** Milliseconds, right by the server's clock. */
  now: () => number;
  /** Asks the server for a run that is not kept here; null where it has none or cannot be reached. */
  fetchRun: (id: string) => Promise<Execution | null>;
}

export function executionFromDocument(doc: PouchDocument): Execution {
  const fields = Object.entries(doc).filter(
    ([name]) => !name.startsWith('_') && name !== 'type' && name !== 'schemaVersion',
  );
  return { ...Object.fromEntries(fields), id: bareId(doc._id) } as Execution;
}

function selectRuns(entries: Map<string, RunSummary>, query: ExecutionQuery): [string, RunSummary][] {
  return [...entries]
    .filter(([, run]) => !run.deleted)
    .filter(([, run]) => query.flowId === undefined || run.flowId === query.flowId)
    .filter(([, run]) => query.status === undefined || run.status === query.status)
    .toSorted(([a, left], [b, right]) => compareText(right.startedAt, left.startedAt) || compareText(b, a));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function endFields(doc: PouchDocument, end: ExecutionEnd, now: number): Record<string, unknown> {
  const { metrics = {}, ...fields } = end;
  const given = Object.entries({ ...metrics, ...fields }).filter(([, value]) => value !== undefined);
  return {
    completedAt: new Date(now).toISOString(),
    duration: Math.max(0, now - Date.parse(String(doc.startedAt))),
    ...Object.fromEntries(given),
  };
}

export function createExecutions({ current, now, fetchRun }: ExecutionsOptions): ExecutionsApi {
  const start = async (input: ExecutionStart): Promise<Execution> => {
    const { space, runs, flows } = current.get().personal;
    const flow = await flows.read(input.flowId).catch(() => null);
    const milliseconds = now();
    const startedAt = new Date(milliseconds).toISOString();
    const given = Object.entries(input).filter(([, value]) => value !== undefined);
    const doc = {
      flowName: flow?.name ?? '',
      flowVersion: flow?.version ?? '1.0.0',
      trigger: 'manual',
      ...Object.fromEntries(given),
      _id: executionDocId(timedId(milliseconds)),
      type: 'execution',
      schemaVersion: 1,
      status: 'running',
      startedAt,
      executedOnDevice: describeDevice(startedAt),
      results: [],
    };
    const month = monthOf(new Date(milliseconds));
    await (await space.runs(month)).put(doc);
    await runs.apply(month, doc);
    return executionFromDocument(doc);
  };
  const monthsToSearch = (id: string): Month[] => {
    const month = monthOfUuidV7(id);
    return month === null ? current.get().personal.space.months() : [month];
  };
  const find = async (id: string): Promise<{ month: Month; doc: PouchDocument } | null> => {
    const { space } = current.get().personal;
    for (const month of monthsToSearch(id)) {
      if (!space.months().includes(month)) continue;
      const db = await space.runs(month);
      const doc = (await getOrNull(db, executionDocId(id))) ?? (await getOrNull(db, `run:${id}`));
      if (doc) return { month, doc };
    }
    return null;
  };
  const complete = (id: string, end: ExecutionEnd): Promise<Execution> =>
    retryOnConflict(async () => {
      const found = await find(id);
      if (!found) throw executionNotFound(id);
      const { month, doc } = found;
      const next: PouchDocument = { ...doc, ...endFields(doc, end, now()) };
      await (await current.get().personal.space.runs(month)).put(next);
      await current.get().personal.runs.apply(month, next);
      return executionFromDocument(next);
    });
  const get = async (id: string): Promise<Execution | null> => {
    const here = await find(id);
    return here ? executionFromDocument(here.doc) : fetchRun(id);
  };
  const list = async (query: ExecutionQuery = {}): Promise<ExecutionListResult> => {
    const { space, runs } = current.get().personal;
    await runs.ready();
    const selected = selectRuns(runs.entries(), query);
    const { offset = 0, limit = defaultLimit } = query;
    const page = selected.slice(offset, offset + limit);
    const docs = new Map<string, PouchDocument>();
    for (const month of new Set(page.map(([, run]) => run.month))) {
      const ids = page.filter(([, run]) => run.month === month).map(([id]) => id);
      for (const doc of await readInOrder(await space.runs(month), ids)) docs.set(doc._id, doc);
    }
    const executions = page.flatMap(([id]) => docs.get(id) ?? []).map(executionFromDocument);
    return { executions, total: selected.length };
  };
  return {
    start,
    complete,
    get,
    list,
    watch: (query, listener) =>
      watchQuery({
        current,
        run: () => list(query),
        listener,
        onChange: (changed) => onRuns(current, changed),
        fingerprint: (result) => JSON.stringify([result.total, result.executions]),
      }),
  };
}

function executionNotFound(id: string): SetteeClientError {
  return new SetteeClientError('execution_not_found', `There is no execution ${id} here.`);
}

function onRuns(current: CurrentWorkspace, listener: () => void): () => void {
  let unsubscribe = current.get().onRuns(listener);
  const unsubscribeSwitch = current.onSwitch(() => {
    unsubscribe();
    unsubscribe = current.get().onRuns(listener);
    listener();
  });
  return () => {
    unsubscribe();
    unsubscribeSwitch();
  };
}
