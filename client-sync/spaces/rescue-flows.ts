import { flowContent } from '../../flow/flow.ts';
import { limits } from '../../schema/field-rules.ts';
import { bareId, flowDocId, idPrefixes } from '../../schema/ids.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { hashedId } from '../local/hashed-id.ts';
import { readOwn } from '../local/own-revisions.ts';
import { keepVersion, readVersions } from '../local/version-store.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { copyAssets } from './copy-assets.ts';
import { putOnce } from './put-once.ts';
import { listCandidates, ownLeaves } from './unpushed.ts';

/** A flow's copies in the personal space, by the id of what was copied. */
export type CopiesByFlow = Map<string, { id: string; isDeleted: boolean }[]>;

const suffix = ' (copy)';

function copiedName(name: string): string {
  return name.endsWith(suffix) ? name : `${name.slice(0, limits.name - suffix.length)}${suffix}`;
}

/** Who may see or edit it was a matter of the space; the copy is the user's alone. */
function copyOf(leaf: FlowDocument): FlowDocument {
  const flowId = bareId(leaf._id);
  const { contributors: _others, visibility: _seenBy, ...content } = flowContent(leaf);
  return {
    ...content,
    ...(leaf._attachments === undefined ? {} : { _attachments: leaf._attachments }),
    name: copiedName(content.name),
    parentFlowId: flowId,
    // Made of what is copied: an interrupted rescue begins again and makes no second copy.
    _id: flowDocId(hashedId(['rescued flow', flowId, leaf._rev])),
    type: 'flow',
    schemaVersion: leaf.schemaVersion,
  };
}

/** The flows to keep: those with leaves, and those with versions, that were made here and not pushed. */
async function leavesToKeep(from: SpaceWorkspace): Promise<FlowDocument[]> {
  const { main } = from.space;
  const kept: PouchDocument[] = [];
  const byVersion = new Set<string>();
  const byLeaf = new Set<string>();
  for (const [docId, refusedRevision] of await listCandidates(from, 'main')) {
    if (docId.startsWith(idPrefixes.version)) {
      const isOwn = refusedRevision !== null || (await readOwn(main, docId)) !== null;
      if (isOwn) byVersion.add(flowDocId(bareId(docId).split(':')[0] ?? ''));
    }
    if (!docId.startsWith(idPrefixes.flow)) continue;
    const leaves = await ownLeaves(main, docId, refusedRevision);
    if (leaves.length > 0) byLeaf.add(docId);
    kept.push(...leaves);
  }
  for (const docId of byVersion) {
    if (byLeaf.has(docId)) continue;
    const flow = (await from.flows.read(bareId(docId))) ?? (await newestVersion(from, bareId(docId)));
    if (flow) kept.push(flow);
  }
  return kept as unknown as FlowDocument[];
}

/** The flow as its newest version tells it, where nothing else is left of it. */
async function newestVersion(from: SpaceWorkspace, flowId: string): Promise<FlowDocument | null> {
  const [version] = await readVersions(from.space.main, flowId);
  if (!version) return null;
  const { snapshot, schemaVersion } = version;
  return { ...snapshot, _id: flowDocId(flowId), _rev: version._id, type: 'flow', schemaVersion };
}

/** Copies what was not pushed of a space's flows, with their versions, into the personal space; may be repeated. */
export async function rescueFlows(from: SpaceWorkspace, to: SpaceWorkspace): Promise<CopiesByFlow> {
  const copies: CopiesByFlow = new Map();
  for (const leaf of await leavesToKeep(from)) {
    const flowId = bareId(leaf._id);
    const copy = copyOf(leaf);
    await copyAssets({ db: from.space.main, notes: from.space.notes }, to.space.main, copy);
    for (const { snapshot, schemaVersion } of await readVersions(from.space.main, flowId)) {
      await keepVersion(to.space.main, { ...snapshot, _id: copy._id, type: 'flow', schemaVersion });
    }
    // Last: a copy that is there has everything.
    if (await putOnce(to.space.main, copy)) {
      to.flowIndex.apply(copy);
    }
    const kept = { id: bareId(copy._id), isDeleted: copy.deleted === true };
    copies.set(flowId, [...(copies.get(flowId) ?? []), kept]);
  }
  return copies;
}
