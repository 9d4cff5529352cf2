import { cleanFlowInput, mergeFlows, sameContent } from '../../../flow/index.ts';
import type { EditOutcome, FlowContent, FlowDocument, UpdateFlowBody } from '../../../schema/index.ts';
import type { DocumentStore, Stored } from '../store/document-store.ts';
import { without } from '../store/without.ts';
import { changedFlow } from './flow-input.ts';
import { keepVersion } from './version-store.ts';

/** What a caller says of the flow that he edited. */
export interface EditedFrom {
  revision?: string | undefined;
  base?: object | undefined;
}

/** A merge of two sides, and whether it had to mend the graph, so that the sides have to be kept. */
export interface MergedEdit {
  next: FlowDocument;
  mended: boolean;
}

/** What only answers carry, and what says of itself which edit it belongs to. */
const aroundContent = ['metadata', 'conflicts', 'base', 'outcome'];

/**
 * The flow that a caller edited: the body of the revision that he names, where the engine still has it, else what he
 * sent along. Null where nobody knows.
 */
export async function editedFlow(
  documents: DocumentStore,
  server: FlowDocument & Stored,
  { revision, base }: EditedFrom,
): Promise<FlowDocument | null> {
  const stored = revision === undefined ? null : await documents.getLeaf<FlowDocument>(server._id, revision);
  if (stored !== null) return stored;
  if (base === undefined) return null;
  const { createdAt, updatedAt, version, type, schemaVersion, _id } = server;
  const content = cleanFlowInput(without(base, aroundContent)) as Pick<FlowContent, 'name' | 'flow'>;
  return { createdAt, updatedAt, version, ...content, _id, type, schemaVersion };
}

/** Merges an edit into what the server has; null where both changed the same place. */
export function mergeEdit(server: FlowDocument, edited: FlowDocument, base: FlowDocument): MergedEdit | null {
  const { merged, conflicts, repaired } = mergeFlows({ base, sides: [server, edited] });
  if (conflicts.length > 0) return null;
  const { _id, type, schemaVersion, _attachments } = server;
  const attachments = _attachments === undefined ? {} : { _attachments };
  return { next: { ...merged, ...attachments, _id, type, schemaVersion }, mended: repaired.length > 0 };
}

interface Edited {
  next: FlowDocument;
  /** Absent where the edit was made to the newest revision, or where none is named. */
  outcome?: EditOutcome;
}

/**
 * Applies the fields of a body. Where it names a revision that is not the newest, edits of different places merge, and
 * of edits of the same place this one shows and the server's becomes a version first.
 */
export async function applyEdit(
  documents: DocumentStore,
  current: FlowDocument & Stored,
  { body, now }: { body: UpdateFlowBody; now: Date },
): Promise<Edited> {
  const { revision, base, ...fields } = body;
  const next = changedFlow(current, fields, now);
  if ((revision ?? current._rev) === current._rev) return { next };
  const seen = await editedFlow(documents, current, { revision, base });
  const edited = seen && changedFlow(seen, fields, now);
  const merged = edited && mergeEdit(current, edited, seen);
  if (merged && !merged.mended) return { next: merged.next, outcome: { action: 'merged' } };
  if (sameContent(next, current, { viewport: true })) return { next, outcome: { action: 'merged' } };
  const { _id } = await keepVersion(documents, current);
  const versionId = _id.slice(_id.lastIndexOf(':') + 1);
  // What a mend takes out of the edit stays in its version as well.
  if (merged) await keepVersion(documents, edited);
  return merged
    ? { next: merged.next, outcome: { action: 'merged', versionId } }
    : { next, outcome: { action: 'kept_both', versionId } };
}
