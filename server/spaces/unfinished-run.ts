import { executionStatuses } from '../../schema/index.ts';
import type { Couch } from '../couch/couch.ts';

/** Statuses after which nothing more comes. Every other one, `queued` included, is unfinished. */
const finished = executionStatuses.filter((status) => status !== 'running');

/** The id of a run that has not ended, or null. The engine looks for it, so that no documents travel. */
export async function unfinishedRun(couch: Couch, database: string): Promise<string | null> {
  const { docs } = await couch.admin(database).find({
    selector: {
      $and: [
        { status: { $exists: true } },
        { status: { $nin: finished } },
        // A comparison, even a negated one, never matches a field that is missing.
        { $or: [{ deleted: { $exists: false } }, { deleted: { $ne: true } }] },
      ],
    },
    fields: ['_id'],
    limit: 1,
  });
  return docs[0]?._id ?? null;
}
