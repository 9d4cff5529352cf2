import { bareId, versionDocId, type FlowDocument, type VersionDocument } from '../schema/index.ts';
import { contentHash } from './content-hash.ts';
import { flowContent } from './flow.ts';

type Hashed = Pick<VersionDocument, 'flowId' | 'snapshot' | 'type' | 'schemaVersion'>;

function hashOf({ flowId, snapshot, type, schemaVersion }: Hashed): string {
  return contentHash({ flowId, snapshot, type, schemaVersion });
}

/**
 * The immutable snapshot of a flow. The id is made of the content, so two devices that keep the same content make the
 * same document; write it with `computeRevision` and `new_edits: false` and it is the same revision as well.
 */
export function makeVersion(doc: FlowDocument): VersionDocument {
  const hashed: Hashed = {
    type: 'version',
    schemaVersion: doc.schemaVersion,
    flowId: bareId(doc._id),
    snapshot: flowContent(doc),
  };
  return { _id: versionDocId(hashed.flowId, hashOf(hashed)), ...hashed };
}

/** Whether a version is what its id says. Readers ignore leaves that are not: anybody can push one under that id. */
export function isIntactVersion(doc: { _id: string; [field: string]: unknown }): boolean {
  const { flowId, snapshot, type, schemaVersion } = doc;
  if (type !== 'version' || typeof flowId !== 'string' || typeof schemaVersion !== 'number') return false;
  if (snapshot === null || typeof snapshot !== 'object') return false;
  const hash = hashOf({ flowId, snapshot: snapshot as VersionDocument['snapshot'], type, schemaVersion });
  return doc._id === versionDocId(flowId, hash);
}
