import { computeRevision, isIntactVersion, makeVersion } from '../../../flow/index.ts';
import {
  idPrefixes,
  versionDocId,
  type FlowDocument,
  type VersionDocument,
  type VersionSummary,
} from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import type { DocumentStore, Stored } from '../store/document-store.ts';
import { readRange } from '../store/read-range.ts';
import { sorted } from '../store/sorted.ts';

/** The leaf that is what its id says, or null: anybody who may write can push another one under that id. */
async function intactLeaf(
  documents: DocumentStore,
  winner: VersionDocument & Stored,
): Promise<VersionDocument | null> {
  if (isIntactVersion({ ...winner })) return winner;
  for (const revision of winner._conflicts ?? []) {
    const leaf = await documents.getLeaf<VersionDocument>(winner._id, revision);
    if (leaf !== null && isIntactVersion({ ...leaf })) return leaf;
  }
  return null;
}

/** One version of a flow, or null where there is no intact one. */
export async function readVersion(
  documents: DocumentStore,
  flowId: string,
  versionId: string,
): Promise<VersionDocument | null> {
  const winner = await documents.get<VersionDocument>(versionDocId(flowId, versionId), { conflicts: true });
  return winner === null ? null : intactLeaf(documents, winner);
}

/**
 * Keeps a flow's content for good; the same content is one version, whoever keeps it and however often. Throws
 * `conflict` where it is not there afterwards, so that nothing is replaced that was not kept.
 */
export async function keepVersion(documents: DocumentStore, flow: FlowDocument): Promise<VersionDocument> {
  const version = makeVersion(flow);
  const versionId = version._id.slice(version._id.lastIndexOf(':') + 1);
  const isThere = async (): Promise<boolean> =>
    (await readVersion(documents, version.flowId, versionId)) !== null;
  await documents.replicate({ ...version, _rev: computeRevision(version) });
  if (await isThere()) return version;
  // Deleted once: engines know that revision already and do not bring it back. Readers go by the content alone.
  await documents.insert(version);
  if (await isThere()) return version;
  throw new SetteeError(
    'conflict',
    'What would be replaced could not be kept as a version; nothing was changed.',
  );
}

/** What a list shows of a version; `changes` is what was said when that version number was given. */
export function summarizeVersion({ _id, flowId, snapshot }: VersionDocument): VersionSummary {
  const entry = snapshot.versionHistory?.filter(({ version }) => version === snapshot.version).at(-1);
  return {
    id: _id.slice(_id.lastIndexOf(':') + 1),
    flowId,
    name: snapshot.name,
    version: snapshot.version,
    updatedAt: snapshot.updatedAt,
    nodeCount: snapshot.flow.nodes.length,
    ...(entry === undefined ? {} : { changes: entry.changes }),
  };
}

/** The intact versions of a flow, newest first. */
export async function listVersions(documents: DocumentStore, flowId: string): Promise<VersionSummary[]> {
  const found: VersionSummary[] = [];
  const prefix = `${idPrefixes.version}${flowId}`;
  for await (const winner of readRange<VersionDocument>(documents, `${prefix}:`, `${prefix};`)) {
    const version = await intactLeaf(documents, winner);
    if (version !== null) found.push(summarizeVersion(version));
  }
  return sorted(found, (a, b) => (a.updatedAt < b.updatedAt ? 1 : -1));
}
