import { compareRevisions, endLeaf, movedFromOf, splitRevision, type Leaf } from '../../../flow/index.ts';
import { isLive, childOf, revisionOf } from './flow-leaves.ts';

/** Which move a revision was made by. */
export interface Move {
  moveId: string;
  from: string;
  to: string;
}

/** Where a leaf's content was said first: in itself, or below the moves that only repeated it. */
export function repeatedRevision(leaf: Leaf): string | null {
  return movedFromOf(leaf.document, revisionOf(leaf));
}

/**
 * The same flow in another space, as a revision of its own on top of the leaf: so that a flow that comes back never
 * meets the tombstone that it left. It says nothing new, whose words it repeats is in `movedFrom.revision`.
 */
export function stampOf(leaf: Leaf, { moveId, from, to }: Move): Leaf {
  const revision = repeatedRevision(leaf) ?? revisionOf(leaf);
  const generation = splitRevision(revisionOf(leaf))[0] + 1;
  const movedFrom = { spaceId: from, revision, moveId, generation };
  return childOf({ ...leaf.document, spaceId: to, movedFrom }, leaf.ancestry);
}

/** Ends stamps whose content another live leaf builds on, in the revisions that every device would write. */
export function endRepeated(leaves: readonly Leaf[]): Leaf[] {
  const live = leaves.filter(isLive);
  return live.flatMap((leaf) => {
    const repeated = repeatedRevision(leaf);
    const successor = live.find((other) => repeated !== null && outdates(other, leaf, repeated));
    return successor === undefined ? [] : [endLeaf(leaf, revisionOf(successor))];
  });
}

function outdates(other: Leaf, stamp: Leaf, repeated: string): boolean {
  if (other === stamp || !other.ancestry.includes(repeated)) return false;
  // Of two that repeat, the one that CouchDB shows stays, so that they never end each other.
  return repeatedRevision(other) === null || compareRevisions(revisionOf(other), revisionOf(stamp)) < 0;
}
