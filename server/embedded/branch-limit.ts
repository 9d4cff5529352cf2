import { collectLeaves } from 'pouchdb-merge';
import { CouchError } from './couch-error.ts';
import { readRevisionTree } from './previous-revision.ts';
import type { StorageHandle } from './storage.ts';

/** Revisions of one document in a request that are few enough not to be counted. */
const harmless = 100;

/**
 * Finds the ids that a request would give more leaves than a document may have. Merging is quadratic in them,
 * and storage merges all revisions of a document at one go: some thousands would stop the server for seconds.
 */
export async function overgrownIds(
  handle: StorageHandle,
  ids: string[],
  limit: number,
): Promise<Set<string>> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  const overgrown = new Set<string>();
  for (const [id, count] of counts) {
    if (count <= harmless) continue;
    const tree = await readRevisionTree(handle, id);
    if (count + (tree ? collectLeaves(tree).length : 0) > limit) overgrown.add(id);
  }
  return overgrown;
}

export const tooManyLeaves = (limit: number): CouchError =>
  new CouchError(403, 'forbidden', `A document may have ${limit} conflicting revisions at most.`);
