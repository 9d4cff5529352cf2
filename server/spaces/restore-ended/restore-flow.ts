import type nano from 'nano';
import { movedFromOf, splitRevision, type Leaf, type LeafDocument } from '../../../flow/index.ts';
import { bareId, schemaVersion, type FlowContent } from '../../../schema/index.ts';
import { orNull } from '../../couch/engine-error.ts';
import { childOf, isLive, readLeaves, readRevision, revisionOf, writeLeaves } from '../moves/flow-leaves.ts';
import { readVersions } from '../moves/kept-content.ts';
import { readMoved } from '../moves/move-marks.ts';
import { endRestored, lostLeaves, restoredMoveId } from './lost-leaves.ts';

type Scope = nano.DocumentScope<object>;

/** Of a history that was made up, or compacted, this much is asked for at a time. */
const readAtOnce = 10;

/** What became of a look at a flow; `lost` where there is nothing left to restore it from. */
export type Restoring = 'nothing' | 'restored' | 'settled' | 'lost';

/**
 * Brings a flow back whose last leaf was ended by a tombstone that names what never came. The restored leaf repeats
 * what was there before, as one that was moved does: what it was resolved into may still arrive, and ends it then.
 */
export async function restoreFlow(
  scope: Scope,
  { id, spaceId }: { id: string; spaceId: string },
): Promise<Restoring> {
  const leaves = await readLeaves(scope, id, { attachments: false });
  const ended = endRestored(leaves);
  if (ended.length > 0) {
    await writeLeaves(scope, ended);
    return 'settled';
  }
  const lost = lostLeaves(leaves);
  // Asked after the leaves: a move leaves its word before it ends them.
  if (lost.length === 0 || (await readMoved(scope, bareId(id))) !== null) return 'nothing';
  return (await restoreLeaves(scope, lost, spaceId)) ? 'restored' : 'lost';
}

/** Writes again what tombstones ended; false where nothing of it is left. */
export async function restoreLeaves(
  scope: Scope,
  tombstones: readonly Leaf[],
  spaceId: string,
): Promise<boolean> {
  const restored: Leaf[] = [];
  for (const tombstone of tombstones) {
    const before = (await lastContent(scope, tombstone)) ?? (await lastVersion(scope, tombstone));
    if (before !== null) restored.push(repetitionOf(before, tombstone, spaceId));
  }
  await writeLeaves(scope, restored);
  return restored.length > 0;
}

/** The same on every process that restores it. */
function repetitionOf(before: Leaf, { ancestry }: Leaf, spaceId: string): Leaf {
  const revision = movedFromOf(before.document, revisionOf(before)) ?? revisionOf(before);
  const generation = splitRevision(ancestry[0] ?? '')[0] + 1;
  const movedFrom = { spaceId, revision, moveId: restoredMoveId, generation };
  return childOf({ ...before.document, movedFrom }, ancestry);
}

/** What the tombstone ended, or the newest of its ancestors that was not compacted away. */
async function lastContent(scope: Scope, { document: { _id }, ancestry }: Leaf): Promise<Leaf | null> {
  const [parent = '', ...older] = ancestry.slice(1);
  const before = await readRevision(scope, _id, parent);
  if (before !== null) return isLive(before) ? before : null;
  for (let first = 0; first < older.length; first += readAtOnce) {
    const [kept] = await keptAmong(scope, _id, older.slice(first, first + readAtOnce));
    if (kept !== undefined) return readRevision(scope, _id, kept);
  }
  return null;
}

/** Those of which the content is there, in the same order. */
async function keptAmong(scope: Scope, id: string, revisions: readonly string[]): Promise<string[]> {
  const query = { open_revs: JSON.stringify(revisions) } as unknown as nano.DocumentGetParams;
  const found = ((await orNull(scope.get(id, query))) ?? []) as { ok?: { _rev: string; _deleted?: true } }[];
  const kept = new Set(found.flatMap(({ ok }) => (ok && ok._deleted !== true ? [ok._rev] : [])));
  return revisions.filter((revision) => kept.has(revision));
}

/** The newest version of the flow, as if it had been what the tombstone ended. */
async function lastVersion(scope: Scope, { document: { _id }, ancestry }: Leaf): Promise<Leaf | null> {
  let newest: FlowContent | null = null;
  for await (const { content } of readVersions(scope, bareId(_id))) {
    const { snapshot } = (content ?? {}) as { snapshot?: FlowContent };
    if (snapshot && (newest === null || snapshot.updatedAt > newest.updatedAt)) newest = snapshot;
  }
  if (newest === null) return null;
  const document = { ...newest, _id, type: 'flow', schemaVersion } as LeafDocument;
  return { document, ancestry: ancestry.slice(1) };
}
