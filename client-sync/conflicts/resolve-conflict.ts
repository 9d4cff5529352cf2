import { applyEdits, editsOf } from '../local/flow-edits.ts';
import type { FlowStore } from '../local/flow-store.ts';
import { isStatus, putRevision, retryOnConflict } from '../local/local-documents.ts';
import { keepVersion } from '../local/versions.ts';
import { computeRevision } from '../../flow/revision.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { SetteeClientError } from '../errors.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { ConflictChoice } from '../types.ts';
import { splitRevision } from '../local/local-documents.ts';
import { isConflict, readLeaves, type Leaves } from './leaves.ts';

interface ResolveOptions {
  db: Pouch;
  flows: FlowStore;
  docId: string;
  choice: ConflictChoice;
  iso: string;
}

/** The other side: the newest leaf that is not the local one; null where that side is a deletion for good. */
export function serverLeaf({ live, local }: Leaves): FlowDocument | null {
  return live.find((leaf) => leaf !== local) ?? null;
}

interface Decision {
  /** The leaf that goes on. */
  base: FlowDocument;
  content: FlowDocument;
  losers: FlowDocument[];
}

function decide(leaves: Leaves, choice: ConflictChoice, iso: string): Decision {
  const { live, local } = leaves;
  const winner = live[0];
  if (!winner || !local || !isConflict(leaves)) {
    throw new SetteeClientError('no_conflict', 'This flow is in no conflict.');
  }
  if ('merged' in choice) {
    return { base: winner, content: applyEdits(winner, editsOf(choice.merged)), losers: live };
  }
  const chosen = choice.keep === 'local' ? local : serverLeaf(leaves);
  if (chosen) return { base: chosen, content: chosen, losers: live.filter((leaf) => leaf !== chosen) };
  // The server's side is a deletion: the flow leaves the list, and can still be restored.
  return { base: winner, content: { ...winner, deleted: true, deletedAt: iso }, losers: live };
}

/**
 * Settles a conflict: first the losing sides become versions, then the chosen content becomes a new revision, last the
 * losing leaves end. Interrupted anywhere, the conflict still shows and nothing is lost.
 */
export async function resolveConflict(options: ResolveOptions): Promise<FlowDocument> {
  const { db, flows, docId, choice, iso } = options;
  return retryOnConflict(async () => {
    const leaves = await readLeaves(db, docId);
    const { base, content, losers } = decide(leaves, choice, iso);
    for (const loser of losers) await keepVersion(db, loser);
    const winner = await flows.write(content);
    const ended = [
      ...leaves.live.filter((leaf) => leaf !== base).map(({ _rev }) => _rev),
      ...leaves.deletions,
    ];
    for (const revision of ended) await endLeaf(db, docId, revision as string, winner._rev as string);
    return winner;
  });
}

async function endLeaf(db: Pouch, docId: string, revision: string, resolvedInto: string): Promise<void> {
  try {
    await db.put({ _id: docId, _rev: revision, _deleted: true, type: 'flow', resolvedInto });
  } catch (error) {
    // Ended or continued meanwhile, by replication: what remains shows as a conflict again.
    if (!isStatus(error, 409)) throw error;
  }
}

/**
 * Ends the losing leaves of a conflict in which all sides say the same. The tombstones are computed, so that all
 * devices that do this write the same ones.
 */
export async function endTrivialConflict(db: Pouch, { docId, live }: Leaves): Promise<void> {
  const [winner, ...losers] = live;
  if (!winner?._rev) return;
  for (const { _rev } of losers) {
    const parent = _rev as string;
    const tombstone: PouchDocument = { _id: docId, _deleted: true, type: 'flow', resolvedInto: winner._rev };
    const revision = computeRevision(tombstone, splitRevision(parent)[0] + 1, parent);
    await putRevision(db, tombstone, revision, parent);
  }
}
