import { cleanFlowInput, flowContent, flowFromDocument, type Flow } from '../../flow/flow.ts';
import { sameContent } from '../../flow/same-content.ts';
import { flowDocId } from '../../schema/ids.ts';
import type { FlowContent, FlowDocument, VersionDocument } from '../../schema/index.ts';
import { flowNotFound, SetteeClientError } from '../errors.ts';
import type { FlowVersion, VersionsApi } from '../flow-types.ts';
import type { CurrentWorkspace, SpaceWorkspace } from '../workspace.ts';
import { assertWritable } from './flow-places.ts';
import { placed } from './flows.ts';
import { retryOnConflict } from './local-documents.ts';
import { keepVersion, readVersions } from './version-store.ts';

function versionOf(place: SpaceWorkspace, doc: VersionDocument): FlowVersion {
  const { revision: _none, ...flow } = flowFromDocument({
    ...doc.snapshot,
    _id: flowDocId(doc.flowId),
    type: 'flow',
    schemaVersion: doc.schemaVersion,
  });
  return { id: doc._id, flowId: doc.flowId, flow: placed(place, flow) };
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
