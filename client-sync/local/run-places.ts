import type { Month } from '../../schema/database-names.ts';
import { executionDocId, monthOfUuidV7 } from '../../schema/ids.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace, Workspace } from '../workspace.ts';
import { eachSpace } from './each-space.ts';
import { getOrNull } from './local-documents.ts';
import { readInOrder } from './read-in-order.ts';
import type { RunSummary } from './run-index.ts';

export interface PlacedRun extends RunSummary {
  docId: string;
  space: SpaceWorkspace;
}

/** Where a run is stored, and the run. */
export interface FoundRun {
  space: SpaceWorkspace;
  month: Month;
  doc: PouchDocument;
}

/** The runs of all open spaces, of the months kept here. */
export async function placedRuns(workspace: Workspace): Promise<PlacedRun[]> {
  const lists = await eachSpace(workspace, async (space) => {
    await space.runs.ready();
    return [...space.runs.entries()].map(([docId, run]) => ({ ...run, docId, space }));
  });
  return lists.flat();
}

async function findIn(space: SpaceWorkspace, id: string): Promise<FoundRun | null> {
  const { months, database } = space.space;
  const named = monthOfUuidV7(id);
  for (const month of months()) {
    if (named !== null && month !== named) continue;
    const db = database(month);
    if (!db) continue;
    const doc = (await getOrNull(db, executionDocId(id))) ?? (await getOrNull(db, `run:${id}`));
    if (doc) return { space, month, doc };
  }
  return null;
}

/** A run by its id, in whichever open space it is. */
export async function findRun(workspace: Workspace, id: string): Promise<FoundRun | null> {
  const found = await eachSpace(workspace, (space) => findIn(space, id));
  return found.find((run) => run !== null) ?? null;
}

/** The documents of these runs, in their order; what is gone meanwhile is left out. */
export async function readRuns(workspace: Workspace, runs: PlacedRun[]): Promise<PouchDocument[]> {
  const docs = new Map<string, PouchDocument>();
  for (const { space, month } of runs) {
    const ids = runs
      .filter((run) => run.space === space && run.month === month && !docs.has(run.docId))
      .map(({ docId }) => docId);
    const db = space.space.database(month);
    if (ids.length === 0 || !db) continue;
    try {
      for (const doc of await readInOrder(db, ids)) docs.set(doc._id, doc);
    } catch (error) {
      const isKept = workspace.all().includes(space) && space.space.database(month) === db;
      if (isKept) throw error;
    }
  }
  return runs.flatMap(({ docId }) => docs.get(docId) ?? []);
}
