import { endLeaf } from '../../flow/merge-document.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { SetteeClientError } from '../errors.ts';
import { noteBases } from '../local/bases.ts';
import { applyEdits, editsOf } from '../local/flow-edits.ts';
import { assertOwned, assertWritable } from '../local/flow-places.ts';
import { retryOnConflict } from '../local/local-documents.ts';
import { keepVersion } from '../local/version-store.ts';
import type { ConflictChoice } from '../conflict-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { isConflict, readLeaves, type Leaves } from './leaves.ts';
import { writeLeaves } from './settle.ts';

interface ResolveOptions {
  workspace: SpaceWorkspace;
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

function assertMayWrite(workspace: SpaceWorkspace, { base, content }: Decision): void {
  if (content.deleted === true && base.deleted !== true) assertOwned(workspace);
  else assertWritable(workspace);
}

/**
 * Settles a conflict: first the losing sides become versions, then the chosen content becomes a new revision, last the
 * losing leaves end. Interrupted anywhere, the conflict still shows and nothing is lost; where two people do it at once,
 * what both wrote is a conflict like any other.
 */
export async function resolveConflict(options: ResolveOptions): Promise<FlowDocument> {
  const { workspace, docId, choice, iso } = options;
  const db = workspace.space.main;
  return retryOnConflict(async () => {
    const leaves = await readLeaves(db, docId);
    const decision = decide(leaves, choice, iso);
    assertMayWrite(workspace, decision);
    const { base, content, losers } = decision;
    for (const loser of losers) await keepVersion(db, loser);
    // Somebody may still be editing one of them: what he sends is compared with it.
    await noteBases(db, leaves.live);
    const winner = await workspace.flows.write(content);
    const ended = leaves.all.filter(({ document, ancestry }) => {
      const isOpen = document._deleted !== true || leaves.deletions.includes(ancestry[0] ?? '');
      return isOpen && ancestry[0] !== base._rev;
    });
    await writeLeaves(
      db,
      ended.map((leaf) => endLeaf(leaf, winner._rev as string)),
    );
    return winner;
  });
}
