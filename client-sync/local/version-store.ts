import { computeRevision } from '../../flow/revision.ts';
import { isIntactVersion, makeVersion } from '../../flow/version.ts';
import { idPrefixes } from '../../schema/ids.ts';
import type { FlowDocument, VersionDocument } from '../../schema/index.ts';
import { SetteeClientError } from '../errors.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import { writeInTurn } from './in-turn.ts';
import { getOrNull, putRevision } from './local-documents.ts';
import { noteOwn } from './own-revisions.ts';

/**
 * Writes the snapshot of a flow; where it is there already, nothing changes. Rejects where it is not there afterwards,
 * so that nothing is replaced that was not kept.
 */
export async function keepVersion(db: Pouch, doc: FlowDocument): Promise<VersionDocument> {
  const version = makeVersion(doc);
  return writeInTurn(db, version._id, () => putVersion(db, version));
}

async function putVersion(db: Pouch, version: VersionDocument): Promise<VersionDocument> {
  const revision = computeRevision(version);
  await putRevision(db, version, revision);
  await noteOwn(db, version._id, revision);
  if (await readVersion(db, version._id)) return version;
  // Deleted once: that revision is known already and does not come back. Readers go by the content alone.
  await db.put(version);
  if (await readVersion(db, version._id)) return version;
  throw new SetteeClientError(
    'storage_failed',
    'What would be replaced could not be kept as a version; nothing was changed.',
  );
}

/** The version of that id where it is here and is what its id says. */
export async function readVersion(db: Pouch, id: string): Promise<VersionDocument | null> {
  const winner = await getOrNull(db, id);
  return winner && intactLeaf(db, winner);
}

/** The versions of a flow that are kept here, newest first. */
export async function readVersions(db: Pouch, flowId: string): Promise<VersionDocument[]> {
  const prefix = `${idPrefixes.version}${flowId}:`;
  const { rows } = await db.allDocs({ startkey: prefix, endkey: `${prefix}\uffff`, include_docs: true });
  const docs = await Promise.all(rows.map(async ({ doc }) => (doc ? intactLeaf(db, doc) : null)));
  return docs
    .filter((doc) => doc !== null)
    .toSorted((a, b) => (a.snapshot.updatedAt > b.snapshot.updatedAt ? -1 : 1));
}

/** The leaf that is what its id says; anybody may have pushed another one beside it. */
async function intactLeaf(db: Pouch, doc: PouchDocument): Promise<VersionDocument | null> {
  if (isIntactVersion(doc)) return doc as unknown as VersionDocument;
  const leaves = await db.get(doc._id, { open_revs: 'all' });
  for (const leaf of leaves) {
    if ('ok' in leaf && !leaf.ok._deleted && isIntactVersion(leaf.ok))
      return leaf.ok as unknown as VersionDocument;
  }
  return null;
}
