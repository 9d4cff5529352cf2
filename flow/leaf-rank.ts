import { compareRevisions, mergedFromOf, movedFromOf, type Leaf } from './revision-graph.ts';

export function revisionOf({ ancestry }: Leaf): string {
  return ancestry[0] ?? '';
}

/** The revisions that people wrote and that a leaf holds: its own, or all that a merge took in. */
export function sourcesOf(leaf: Leaf): string[] {
  const taken = mergedFromOf(leaf.document);
  return taken.length > 0 ? taken : [revisionOf(leaf)];
}

export function isMerge({ document }: Leaf): boolean {
  return mergedFromOf(document).length > 0;
}

/** The revision whose content a leaf has: that of its parent where a move only repeated it. */
export function contentRevisionOf(leaf: Leaf): string {
  return movedFromOf(leaf.document, revisionOf(leaf)) ?? revisionOf(leaf);
}

/** What decides between two leaves, from the weightiest on: all of it is in the leaf itself. */
function weightOf(leaf: Leaf): number[] {
  const { mergeVersion } = leaf.document;
  const isMoved = movedFromOf(leaf.document, revisionOf(leaf)) !== null;
  return [isMoved ? 0 : 1, sourcesOf(leaf).length, isMerge(leaf) ? Number(mergeVersion) : 0];
}

/**
 * Orders leaves, the higher one first: one that a move only repeated is lowest; a merge of more stands above one of
 * less, a merge by newer rules above one by older, and then the higher revision. A leaf only ever ends in a higher one
 * or in a new merge, which is higher than both: so whatever devices see, and in which order, no two of them can end
 * each other's last leaf.
 */
export function compareLeaves(a: Leaf, b: Leaf): number {
  const [left, right] = [weightOf(a), weightOf(b)];
  const place = left.findIndex((weight, index) => weight !== right[index]);
  if (place !== -1) return (right[place] ?? 0) - (left[place] ?? 0);
  return compareRevisions(revisionOf(a), revisionOf(b));
}
