import type nano from 'nano';
import { createRevisionGraph, type Leaf } from '../../../flow/index.ts';
import { flowDocId } from '../../../schema/index.ts';
import { isLive, readLeaves, readRevision, revisionOf, tombstoneOf, writeLeaves } from './flow-leaves.ts';
import { assetsIn, copyAssets, endDocument, keepContent, readVersions } from './kept-content.ts';
import { endRepeated, stampOf, type Move } from './stamps.ts';

/** Two databases, with the server's own rights. */
export interface Places {
  source: nano.DocumentScope<object>;
  target: nano.DocumentScope<object>;
}

/**
 * The versions of a flow, or those of them that are named, so that nothing shows before its history is there. Answers
 * how many there are.
 */
export async function copyVersions(
  { source, target }: Places,
  flowId: string,
  only?: ReadonlySet<string>,
): Promise<number> {
  let count = 0;
  for await (const { winner, content } of readVersions(source, flowId)) {
    if (only?.has(winner._id) === false) continue;
    count += 1;
    if (content === null) continue;
    await copyAssets(source, target, assetsIn(content));
    await keepContent(target, content);
  }
  return count;
}

/**
 * Writes all live leaves of a flow in another space, conflicts included, and what says how others ended. Of a move,
 * each as its stamp; without one, as it is. Throws where one of them did not get there.
 */
export async function copyLeaves(
  { source, target }: Places,
  leaves: readonly Leaf[],
  move?: Move,
): Promise<void> {
  const live = leaves.filter(isLive);
  const [first] = live;
  if (first === undefined) return;
  const ended = leaves.filter((leaf) => !isLive(leaf) && leaf.document.resolvedInto !== undefined);
  const copies = move === undefined ? live : live.map((leaf) => stampOf(leaf, move));
  for (const { document } of live) await copyAssets(source, target, assetsIn(document));
  // In one write, or the flow would show as its base meanwhile; before what was written on it, or it would come without
  // its content.
  await writeLeaves(target, [...(await readBases(source, live)), ...ended, ...copies]);
  const there = await readLeaves(target, first.document._id);
  const known = new Set(there.flatMap(({ ancestry }) => ancestry));
  const lost = copies.find((leaf) => !known.has(revisionOf(leaf)));
  if (lost) throw new Error(`${lost.document._id} ${revisionOf(lost)} did not reach the other space.`);
  await writeLeaves(target, endRepeated(there));
}

/** Conflicts of more sides come without their bases: every pair is looked at, while everybody waits. */
const mostSides = 20;

/** What the sides of a conflict have in common, as far as it is still kept: merging asks for it in the new place too. */
async function readBases(source: Places['source'], live: readonly Leaf[]): Promise<Leaf[]> {
  if (live.length > mostSides) return [];
  const graph = createRevisionGraph(live);
  const common = live.flatMap((leaf, index) =>
    live.slice(index + 1).flatMap((other) => graph.nearestCommon(revisionOf(leaf), revisionOf(other))),
  );
  const bases: Leaf[] = [];
  for (const revision of new Set(common)) {
    const base = await readRevision(source, live[0]?.document._id ?? '', revision);
    if (base && isLive(base)) bases.push(base);
  }
  return bases;
}

export function readFlowLeaves(scope: Places['source'], flowId: string): Promise<Leaf[]> {
  return readLeaves(scope, flowDocId(flowId));
}

/** Ends the flow where it was, once it is elsewhere: these leaves. */
export async function endFlow(source: Places['source'], leaves: readonly Leaf[]): Promise<void> {
  await writeLeaves(source, leaves.filter(isLive).map(tombstoneOf));
}

/** Ends the versions; each is looked for in the other space once more, so that the last one is never lost. */
export async function endVersions(
  { source, target }: Places,
  flowId: string,
  only?: ReadonlySet<string>,
): Promise<void> {
  for await (const { winner, content } of readVersions(source, flowId)) {
    if (only?.has(winner._id) === false) continue;
    if (content !== null) await keepContent(target, content);
    await endDocument(source, winner);
  }
}
