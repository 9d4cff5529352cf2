import type nano from 'nano';
import { compareRevisions, isIntactVersion, type LeafDocument } from '../../../flow/index.ts';
import { assetIdPattern, idPrefixes } from '../../../schema/index.ts';
import { childOf, isLive, readLeaves, revisionOf, tombstoneOf, writeLeaves } from './flow-leaves.ts';

/*
 * Documents whose id is the hash of their content: versions and assets. The same one may have been in a space before
 * and gone with its flow, so it comes back as a revision on top of its tombstone.
 */

type Scope = nano.DocumentScope<object>;
type Found = LeafDocument & { _rev: string; _conflicts?: string[] };

const pageSize = 20;
const assetIdsIn = new RegExp(assetIdPattern.source.replace(/^\^|\$$/g, ''), 'g');

const isIntact = (document: LeafDocument): boolean =>
  document._id.startsWith(idPrefixes.version) ? isIntactVersion(document) : true;

/** Makes sure that content is alive in a space; nothing is written where it is. */
export async function keepContent(scope: Scope, content: LeafDocument): Promise<void> {
  const leaves = await readLeaves(scope, content._id);
  if (leaves.some((leaf) => isLive(leaf) && isIntact(leaf.document))) return;
  const known = leaves.toSorted((a, b) => compareRevisions(revisionOf(a), revisionOf(b)));
  const first = childOf(content);
  // Whatever ended there, or pretends to be this, is built upon.
  const parent = known.find((leaf) => !isLive(leaf) || leaf.ancestry.includes(revisionOf(first)));
  await writeLeaves(scope, [parent === undefined ? first : childOf(content, parent.ancestry)]);
}

function contentOf({ _rev, _conflicts, ...content }: Found): LeafDocument {
  return content;
}

async function intactContent(scope: Scope, winner: Found): Promise<LeafDocument | null> {
  if (isIntact(winner)) return contentOf(winner);
  if ((winner._conflicts ?? []).length === 0) return null;
  const leaf = (await readLeaves(scope, winner._id)).find((one) => isLive(one) && isIntact(one.document));
  return leaf?.document ?? null;
}

/** The versions of a flow in a space, page by page; `content` is null where nothing under the id is what it says. */
export async function* readVersions(
  scope: Scope,
  flowId: string,
): AsyncGenerator<{ winner: Found; content: LeafDocument | null }> {
  const prefix = idPrefixes.version + flowId;
  for (let startkey = `${prefix}:`; ;) {
    const query = { startkey, endkey: `${prefix};`, include_docs: true, conflicts: true, limit: pageSize };
    const { rows } = await scope.list(query);
    for (const { doc } of rows) {
      const winner = doc as unknown as Found;
      yield { winner, content: await intactContent(scope, winner) };
    }
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    startkey = `${last.id}!`;
  }
}

/** Ends every live leaf of a document. */
export async function endDocument(scope: Scope, { _id, _rev, _conflicts = [], type }: Found): Promise<void> {
  const leaves = [_rev, ..._conflicts].map((revision) => ({ document: { _id, type }, ancestry: [revision] }));
  await writeLeaves(scope, leaves.map(tombstoneOf));
}

/** The assets that a document names anywhere. */
export function assetsIn(document: unknown): string[] {
  return [...new Set(JSON.stringify(document).match(assetIdsIn) ?? [])];
}

/** Copies assets that the other space has not got yet; they stay where they were, since others may name them too. */
export async function copyAssets(source: Scope, target: Scope, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await target.fetchRevs({ keys: [...ids] });
  for (const [index, id] of ids.entries()) {
    const row = rows[index];
    if (row && 'value' in row && !(row.value as { deleted?: boolean }).deleted) continue;
    const leaf = (await readLeaves(source, id)).find(isLive);
    if (leaf) await keepContent(target, leaf.document);
  }
}
