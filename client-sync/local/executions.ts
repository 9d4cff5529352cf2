import { unmarked } from '../../flow/flow.ts';
import { monthOf, type Month } from '../../schema/database-names.ts';
import { bareId, executionDocId } from '../../schema/ids.ts';
import { fillOutputs, offloadOutputs } from '../assets/large-outputs.ts';
import { SetteeClientError } from '../errors.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { AssetsApi } from '../asset-types.ts';
import type {
  Execution,
  ExecutionEnd,
  ExecutionListResult,
  ExecutionQuery,
  ExecutionsApi,
  ExecutionStart,
} from '../execution-types.ts';
import type { CurrentWorkspace, SpaceWorkspace } from '../workspace.ts';
import { describeDevice } from './device-info.ts';
import { mayWrite } from './flow-places.ts';
import { rescuedRunId } from './hashed-id.ts';
import { writeInTurn } from './in-turn.ts';
import { retryOnConflict } from './local-documents.ts';
import { noteOwn } from './own-revisions.ts';
import { findRun, placedRuns, readRuns, type FoundRun, type PlacedRun } from './run-places.ts';
import { timedId } from './uuid.ts';
import { watchQuery } from './watch-query.ts';

const defaultLimit = 100;

interface ExecutionsOptions {
  current: CurrentWorkspace;
  /** Milliseconds, right by the server's clock. */
  now: () => number;
  /** Asks the server for a run that is not kept here; null where it has none or cannot be reached. */
  fetchRun: (id: string) => Promise<Execution | null>;
  assets: AssetsApi;
}

export function executionFromDocument(doc: PouchDocument): Execution {
  const fields = Object.entries(unmarked(doc)).filter(
    ([name]) => !name.startsWith('_') && name !== 'type' && name !== 'schemaVersion',
  );
  return { ...Object.fromEntries(fields), id: bareId(doc._id) } as Execution;
}

function selectRuns(runs: PlacedRun[], query: ExecutionQuery): PlacedRun[] {
  return runs
    .filter((run) => !run.deleted)
    .filter((run) => query.flowId === undefined || run.flowId === query.flowId)
    .filter((run) => query.status === undefined || run.status === query.status)
    .toSorted((a, b) => compareText(b.startedAt, a.startedAt) || compareText(b.docId, a.docId));
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

export function createExecutions({ current, now, fetchRun, assets }: ExecutionsOptions): ExecutionsApi {
  const write = async (space: SpaceWorkspace, month: Month, doc: PouchDocument): Promise<void> => {
    const db = await space.space.runs(month);
    await writeInTurn(db, doc._id, async () => {
      const { rev } = await db.put(doc);
      await noteOwn(db, doc._id, rev);
    });
    await space.runs.apply(month, doc);
  };
  const start = async (input: ExecutionStart): Promise<Execution> => {
    const workspace = current.get();
    const origin = await workspace.find(input.flowId).catch(() => null);
    const flow = await origin?.flows.read(input.flowId).catch(() => null);
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
    // A viewer's runs are his own: the space takes none of them.
    const place = origin && mayWrite(origin) ? origin : workspace.personal;
    await write(place, monthOf(new Date(milliseconds)), doc);
    return executionFromDocument(doc);
  };
  /** A run that was kept when its space went is found by its first id as well. */
  const find = async (id: string): Promise<FoundRun | null> =>
    (await findRun(current.get(), id)) ?? findRun(current.get(), rescuedRunId(id));
  const complete = (id: string, end: ExecutionEnd): Promise<Execution> =>
    retryOnConflict(async () => {
      const found = await find(id);
      if (!found) throw executionNotFound(id);
      const { space, month, doc } = found;
      const db = space.space.database(month);
      if (!db) throw executionNotFound(id);
      const next = await offloadOutputs(
        db,
        { ...unmarked(doc), ...endFields(doc, end, now()) },
        bareId(doc._id),
      );
      await write(space, month, next);
      return executionFromDocument(next);
    });
  const get = async (id: string): Promise<Execution | null> => {
    const here = await find(id);
    const execution = here ? executionFromDocument(here.doc) : await fetchRun(id);
    return execution && fillOutputs(assets, execution);
  };
  const list = async (query: ExecutionQuery = {}): Promise<ExecutionListResult> => {
    const workspace = current.get();
    const selected = selectRuns(await placedRuns(workspace), query);
    const { offset = 0, limit = defaultLimit } = query;
    const docs = await readRuns(workspace, selected.slice(offset, offset + limit));
    const executions = docs.map(executionFromDocument);
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
        onChange: ({ onRuns }, changed) => onRuns(changed),
        fingerprint: (result) => JSON.stringify([result.total, result.executions]),
      }),
  };
}

function executionNotFound(id: string): SetteeClientError {
  return new SetteeClientError('execution_not_found', `There is no execution ${id} here.`);
}
