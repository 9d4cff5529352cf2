import {
  compareRevisions,
  createRevisionGraph,
  endLeaf,
  movedFromOf,
  splitRevision,
  type Leaf,
} from '../../../flow/index.ts';
import { isEndOfMove, isLive, revisionOf } from '../moves/flow-leaves.ts';

/** Stands in `movedFrom` of what was restored, where the name of a move stands otherwise. */
export const restoredMoveId = 'restored';

/** True where what a leaf was resolved into is in another one, or may be in the part of its history that is not kept. */
function holds(other: Leaf, { document, ancestry }: Leaf): boolean {
  const into = String(document.resolvedInto);
  // To have been resolved into one's own past says nothing.
  if (ancestry.includes(into)) return false;
  const [oldest] = splitRevision(other.ancestry.at(-1) ?? '');
  return other.ancestry.includes(into) || splitRevision(into)[0] < oldest;
}

/**
 * The tombstones with which the last of a flow disappeared, although each says that it was taken in somewhere: none
 * where something is alive, and none where an owner deleted the flow for good.
 */
export function lostLeaves(leaves: readonly Leaf[]): Leaf[] {
  if (leaves.some(isLive)) return [];
  const resolved = leaves.filter(({ document }) => typeof document.resolvedInto === 'string');
  if (leaves.some((leaf) => !resolved.includes(leaf) && !isEndOfMove(leaf))) return [];
  const ended = resolved.filter(({ ancestry }) => ancestry.length > 1);
  const lost = ended.filter((leaf) => !ended.some((other) => other !== leaf && holds(other, leaf)));
  // Leaves that name each other in a circle are all lost.
  return lost.length > 0 ? lost : ended;
}

/** The revision that a restored leaf repeats; null of any other, also of an edit that only kept the field. */
function restoredRevision(leaf: Leaf): string | null {
  const { moveId } = (leaf.document.movedFrom ?? {}) as { moveId?: unknown };
  return moveId === restoredMoveId ? movedFromOf(leaf.document, revisionOf(leaf)) : null;
}

/** Ends what was restored where what it was really resolved into has arrived since, as every device would. */
export function endRestored(leaves: readonly Leaf[]): Leaf[] {
  const live = leaves.filter(isLive);
  if (live.length === 1 || live.every((leaf) => restoredRevision(leaf) === null)) return [];
  const graph = createRevisionGraph(leaves);
  return live.flatMap((leaf) => {
    const repeated = restoredRevision(leaf);
    if (repeated === null) return [];
    const successors = live
      .filter((other) => other !== leaf && graph.ancestorsOf(revisionOf(other)).has(repeated))
      // Of two that were restored, neither ends the other.
      .filter((other) => restoredRevision(other) === null)
      .map(revisionOf)
      .toSorted(compareRevisions);
    return successors[0] === undefined ? [] : [endLeaf(leaf, successors[0])];
  });
}
