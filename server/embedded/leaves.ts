import { collectLeaves } from 'pouchdb-merge';

export interface Leaf {
  rev: string;
  deleted: boolean;
}

/** The leaves of a revision tree in CouchDB's order: living before deleted, then the longest, then by hash. */
export function leavesOf(tree: unknown): Leaf[] {
  const leaves = collectLeaves(tree).map(({ rev, pos, opts }) => ({
    rev,
    pos,
    deleted: opts.deleted === true,
  }));
  leaves.sort((a, b) => Number(a.deleted) - Number(b.deleted) || b.pos - a.pos || (a.rev < b.rev ? 1 : -1));
  return leaves.map(({ rev, deleted }) => ({ rev, deleted }));
}

/** The leaves beside `shown`, living or deleted ones, as `_conflicts` and `_deleted_conflicts` list them. */
export function otherLeaves(tree: unknown, shown: string, deleted: boolean): string[] {
  return leavesOf(tree).flatMap((leaf) => (leaf.rev !== shown && leaf.deleted === deleted ? [leaf.rev] : []));
}
