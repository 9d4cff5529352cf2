import type { Leaf } from '../../flow/revision-graph.ts';
import { compareRevisions } from '../../flow/revision-graph.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { isStatus } from '../local/local-documents.ts';
import { readOwn } from '../local/own-revisions.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';

/** The ends of a flow's history that still stand against each other. */
export interface Leaves {
  docId: string;
  /** All ends with their ancestry, also those that were resolved. */
  all: Leaf[];
  /** Live leaves, the winner first. */
  live: FlowDocument[];
  /** Revisions that delete the flow for good, other than those that ended the losing side of a conflict. */
  deletions: string[];
  /** The one that this device wrote last, else the winner. */
  local: FlowDocument | null;
}

async function openRevisions(db: Pouch, docId: string): Promise<PouchDocument[]> {
  try {
    const leaves = await db.get(docId, { open_revs: 'all', revs: true });
    return leaves.flatMap((leaf) => ('ok' in leaf ? [leaf.ok] : []));
  } catch (error) {
    if (isStatus(error, 404)) return [];
    throw error;
  }
}

function leafOf({ _revisions, ...document }: PouchDocument): Leaf {
  const { start, ids } = _revisions as { start: number; ids: string[] };
  return {
    document,
    ancestry: ids.map((hash, index) => `${start - index}-${hash}`),
  };
}

/** Reads all leaves of a document with their ancestry, deleted ones among them, the highest revision first. */
export async function readAllLeaves(db: Pouch, docId: string): Promise<Leaf[]> {
  const leaves = (await openRevisions(db, docId)).map(leafOf);
  return leaves.toSorted((a, b) => compareRevisions(a.ancestry[0] ?? '', b.ancestry[0] ?? ''));
}

/** Tells what of a flow's leaves is alive, and which of them is this device's own. */
export async function describeLeaves(db: Pouch, docId: string, all: Leaf[]): Promise<Leaves> {
  const live = all
    .filter(({ document }) => document._deleted !== true)
    .map(({ document }) => document as unknown as FlowDocument);
  const deletions = all.flatMap(({ document, ancestry }) =>
    document._deleted === true && document.resolvedInto === undefined ? [ancestry[0] ?? ''] : [],
  );
  const own = live.length > 1 ? await readOwn(db, docId) : null;
  const local =
    live.find(({ _rev }) => _rev === own?.last) ??
    live.find(({ _rev }) => own?.all.has(_rev ?? '')) ??
    live[0] ??
    null;
  return { docId, all, live, deletions, local };
}

/** Reads all leaves of a flow. */
export async function readLeaves(db: Pouch, docId: string): Promise<Leaves> {
  return describeLeaves(db, docId, await readAllLeaves(db, docId));
}

/** Whether somebody has to choose. */
export function isConflict({ live, deletions }: Leaves): boolean {
  return live.length > 1 || (live.length > 0 && deletions.length > 0);
}
