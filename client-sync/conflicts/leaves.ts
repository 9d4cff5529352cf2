import { sameContent } from '../../flow/same-content.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { getOrNull, isStatus } from '../local/local-documents.ts';
import { ownNote } from '../local/flow-store.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';

/** The ends of a flow's history that still stand against each other. */
export interface Leaves {
  docId: string;
  /** Live leaves, the winner first. */
  live: FlowDocument[];
  /** Revisions that delete the flow for good, other than those that ended the losing side of a conflict. */
  deletions: string[];
  /** The one that this device wrote last, else the winner. */
  local: FlowDocument | null;
}

async function openRevisions(db: Pouch, docId: string): Promise<PouchDocument[]> {
  try {
    const leaves = await db.get(docId, { open_revs: 'all' });
    return leaves.flatMap((leaf) => ('ok' in leaf ? [leaf.ok] : []));
  } catch (error) {
    if (isStatus(error, 404)) return [];
    throw error;
  }
}

/** Orders as CouchDB chooses winners: by generation, then by hash. */
function compareRevisions(a: PouchDocument, b: PouchDocument): number {
  const [left, right] = [a._rev ?? '', b._rev ?? ''];
  return Number.parseInt(right, 10) - Number.parseInt(left, 10) || (left < right ? 1 : -1);
}

/** Reads all leaves of a flow, deleted ones among them. */
export async function readLeaves(db: Pouch, docId: string): Promise<Leaves> {
  const all = (await openRevisions(db, docId)).toSorted(compareRevisions);
  const live = all.filter((leaf) => leaf._deleted !== true) as unknown as FlowDocument[];
  const deletions = all
    .filter((leaf) => leaf._deleted === true && leaf.resolvedInto === undefined)
    .map(({ _rev }) => _rev as string);
  const note = live.length > 1 ? await getOrNull(db, ownNote(docId)) : null;
  const local = live.find(({ _rev }) => _rev === note?.rev) ?? live[0] ?? null;
  return { docId, live, deletions, local };
}

/** Whether somebody has to choose. */
export function isConflict({ live, deletions }: Leaves): boolean {
  return live.length > 1 || (live.length > 0 && deletions.length > 0);
}

/** Whether the leaves differ in times, devices and version numbers only: such a conflict nobody needs to see. */
export function isTrivial({ live, deletions }: Leaves): boolean {
  const [first, ...others] = live;
  return deletions.length === 0 && first !== undefined && others.every((other) => isSame(first, other));
}

function isSame(a: FlowDocument, b: FlowDocument): boolean {
  return (a.deleted === true) === (b.deleted === true) && sameContent(a, b);
}
