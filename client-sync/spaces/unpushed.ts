import { inTurn } from '../local/in-turn.ts';
import { isStatus } from '../local/local-documents.ts';
import { readOwn } from '../local/own-revisions.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import { listUnpushed } from '../replication/pending-changes.ts';
import type { SpaceWorkspace } from '../workspace.ts';

/** The documents of `main` or of a month that the server may not have, and the revisions of them that it refused. */
export async function listCandidates(
  { space, refused }: SpaceWorkspace,
  place: string,
): Promise<Map<string, string | null>> {
  const db = space.database(place);
  const candidates = new Map<string, string | null>();
  if (!db) return candidates;
  for (const { docId } of await listUnpushed(db)) candidates.set(docId, null);
  for (const refusal of await refused.list()) {
    if (refusal.place === place) candidates.set(refusal.docId, refusal.revision);
  }
  return candidates;
}

/**
 * The live leaves of a document that this device wrote, or made by merging what it wrote. A pull that was cut short
 * leaves others' work among what looks unpushed: that is theirs, and on the server.
 */
export function ownLeaves(
  db: Pouch,
  docId: string,
  refusedRevision: string | null,
): Promise<PouchDocument[]> {
  // A write that is under way has not noted yet whose it is.
  return inTurn(db, docId, () => readOwnLeaves(db, docId, refusedRevision));
}

async function readOwnLeaves(
  db: Pouch,
  docId: string,
  refusedRevision: string | null,
): Promise<PouchDocument[]> {
  const own = await readOwn(db, docId);
  if (!own && refusedRevision === null) return [];
  const mine = (revision: unknown) =>
    typeof revision === 'string' && (own?.all.has(revision) === true || revision === refusedRevision);
  const leaves = await db.get(docId, { open_revs: 'all', attachments: true }).catch((error: unknown) => {
    // Only what is not there may be passed over: what cannot be read must not be dropped.
    if (isStatus(error, 404)) return [];
    throw error;
  });
  return leaves.flatMap((leaf) => {
    if (!('ok' in leaf) || leaf.ok._deleted === true) return [];
    const { _rev, mergedFrom } = leaf.ok;
    const isMine = mine(_rev) || (Array.isArray(mergedFrom) && mergedFrom.some(mine));
    return isMine ? [leaf.ok] : [];
  });
}

/** Whether a space's local databases hold anything that this device wrote and the server may not have. */
export async function holdsUnpushed(workspace: SpaceWorkspace): Promise<boolean> {
  const { space } = workspace;
  for (const place of ['main', ...space.months()]) {
    const db = space.database(place);
    if (!db) continue;
    for (const [docId, refusedRevision] of await listCandidates(workspace, place)) {
      const own = await inTurn(db, docId, () => readOwn(db, docId));
      if (refusedRevision !== null || own !== null) return true;
    }
  }
  return false;
}
