import { cleanFlowInput, flowContent, flowFromDocument, type Flow } from '../../flow/flow.ts';
import { computeRevision } from '../../flow/revision.ts';
import { sameContent } from '../../flow/same-content.ts';
import { isIntactVersion, makeVersion } from '../../flow/version.ts';
import { flowDocId, idPrefixes } from '../../schema/ids.ts';
import type { FlowContent, FlowDocument, VersionDocument } from '../../schema/index.ts';
import { SetteeClientError } from '../errors.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { FlowVersion, VersionsApi } from '../flow-types.ts';
import type { CurrentWorkspace, SpaceWorkspace } from '../workspace.ts';
import { assertWritable } from './flow-places.ts';
import { flowNotFound, placed } from './flows.ts';
import { writeInTurn } from './in-turn.ts';
import { getOrNull, putRevision, retryOnConflict } from './local-documents.ts';
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

function versionOf(place: SpaceWorkspace, doc: VersionDocument): FlowVersion {
  const { revision: _none, ...flow } = flowFromDocument({
    ...doc.snapshot,
    _id: flowDocId(doc.flowId),
    type: 'flow',
    schemaVersion: doc.schemaVersion,
  });
  return { id: doc._id, flowId: doc.flowId, flow: placed(place, flow) };
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

/** The versions of a flow that are kept here, newest first. */
export async function readVersions(db: Pouch, flowId: string): Promise<VersionDocument[]> {
  const prefix = `${idPrefixes.version}${flowId}:`;
  const { rows } = await db.allDocs({ startkey: prefix, endkey: `${prefix}\uffff`, include_docs: true });
  const docs = await Promise.all(rows.map(async ({ doc }) => (doc ? intactLeaf(db, doc) : null)));
  return docs
    .filter((doc) => doc !== null)
    .toSorted((a, b) => (a.snapshot.updatedAt > b.snapshot.updatedAt ? -1 : 1));
}

function isKept(doc: FlowDocument, snapshot: FlowContent): boolean {
  return sameContent(flowContent(doc), snapshot, { viewport: true });
}

/** `1.4.2` → `1.4.3`; a pre-release becomes its release. */
export function nextVersion(version: string): string {
  const [core = version, rest] = version.split(/[-+]/, 2);
  if (rest !== undefined && version.includes('-')) return core;
  const [major, minor, patch] = core.split('.').map(Number);
  return `${major ?? 1}.${minor ?? 0}.${(patch ?? 0) + 1}`;
}

async function readFlow({ flows }: SpaceWorkspace, flowId: string): Promise<FlowDocument> {
  const doc = await flows.read(flowId);
  if (!doc) throw flowNotFound(flowId);
  return doc;
}

export function createVersions(current: CurrentWorkspace, iso: () => string): VersionsApi {
  const requirePlace = async (flowId: string): Promise<SpaceWorkspace> => {
    const place = await current.get().find(flowId);
    if (!place) throw flowNotFound(flowId);
    return place;
  };
  const list = async (flowId: string) => {
    const place = (await current.get().find(flowId)) ?? current.get().personal;
    const versions = await readVersions(place.space.main, flowId);
    return versions.map((version) => versionOf(place, version));
  };
  const save: VersionsApi['save'] = async (flowId, { changes = '' } = {}) => {
    const place = await requirePlace(flowId);
    assertWritable(place);
    const { space, flows } = place;
    const doc = await readFlow(place, flowId);
    const known = await readVersions(space.main, flowId);
    const existing = known.find(({ snapshot }) => isKept(doc, snapshot));
    if (existing) return versionOf(place, existing);
    const version = await keepVersion(space.main, doc);
    const entry = { version: doc.version, timestamp: iso(), changes };
    await retryOnConflict(async () => {
      const latest = await readFlow(place, flowId);
      await flows.write({
        ...latest,
        version: nextVersion(doc.version),
        versionHistory: [...(latest.versionHistory ?? []), entry],
      });
    });
    return versionOf(place, version);
  };
  const restore: VersionsApi['restore'] = async (flowId, versionId) => {
    const place = await requirePlace(flowId);
    assertWritable(place);
    const { space, flows } = place;
    const wanted = (await readVersions(space.main, flowId)).find(({ _id }) => _id === versionId);
    if (!wanted) {
      throw new SetteeClientError('version_not_found', 'There is no such version of this flow here.');
    }
    return retryOnConflict(async () => {
      const doc = await readFlow(place, flowId);
      if (isKept(doc, wanted.snapshot)) return placed(place, flows.remember(doc));
      await keepVersion(space.main, doc);
      return placed(place, flows.remember(await flows.write(restored(doc, wanted))));
    });
  };
  return { save, list, restore };
}

/** The version's content in the flow's place; identity, numbers and attachments stay the flow's. */
function restored(doc: FlowDocument, version: VersionDocument): FlowDocument {
  const engineFields = Object.entries(doc).filter(([name]) => name.startsWith('_'));
  const { deleted: _deleted, deletedAt: _at, deletedBy: _by, ...content } = cleanFlowInput(version.snapshot);
  const next: Flow | Record<string, unknown> = {
    ...content,
    ...Object.fromEntries(engineFields),
    type: 'flow',
    schemaVersion: 1,
    createdAt: doc.createdAt,
    version: doc.version,
  };
  if (doc.versionHistory) Object.assign(next, { versionHistory: doc.versionHistory });
  return next as unknown as FlowDocument;
}
