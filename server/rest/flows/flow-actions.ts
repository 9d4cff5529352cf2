import { v4 as uuid } from 'uuid';
import { unmarked } from '../../../flow/index.ts';
import {
  bareId,
  flowDocId,
  type CreateFlowBody,
  type EditOutcome,
  type FlowDocument,
  type UpdateFlowBody,
} from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import type { CheckPrecondition } from '../http-conditions.ts';
import { changeDocument, type Changed } from '../store/change-document.ts';
import type { DocumentStore, Stored } from '../store/document-store.ts';
import { without } from '../store/without.ts';
import { newFlow } from './flow-input.ts';
import { applyEdit } from './merge-edit.ts';

export type StoredFlow = FlowDocument & Stored;

function notFound(): SetteeError {
  return new SetteeError('not_found', 'There is no such flow.');
}

function deletedDetails(flow: FlowDocument): { deleted: true; deletedAt?: string } {
  return { deleted: true, ...(flow.deletedAt === undefined ? {} : { deletedAt: flow.deletedAt }) };
}

/** The winning revision of a flow; a soft-deleted one only where that is asked for. Throws `not_found`. */
export async function readFlow(
  documents: DocumentStore,
  id: string,
  options: { deleted?: boolean } = {},
): Promise<StoredFlow> {
  const flow = await documents.get<FlowDocument>(flowDocId(id), { conflicts: true });
  if (flow === null) throw notFound();
  if (flow.deleted === true && options.deleted !== true) {
    throw new SetteeError('not_found', 'This flow was deleted; it can be restored.', {
      details: deletedDetails(flow),
    });
  }
  return flow;
}

/** Writes a new flow; throws `conflict` where its id is taken. */
export async function createFlow(
  documents: DocumentStore,
  body: CreateFlowBody,
  now: Date,
): Promise<StoredFlow> {
  const flow = newFlow(body.id ?? uuid(), body, now);
  const written = await documents.insert(flow);
  if (written === 'conflict') throw new SetteeError('conflict', 'There is a flow with this id already.');
  return { ...flow, _rev: written.revision };
}

/**
 * Changes the fields that the body names, merged with what came after the revision that it names, or makes the flow under this
 * id where there is none.
 */
export async function putFlow(
  documents: DocumentStore,
  id: string,
  {
    body,
    now,
    check,
    isThere = false,
  }: {
    body: UpdateFlowBody;
    now: Date;
    check: CheckPrecondition<FlowDocument>;
    /** Set where the flow was seen: if it is gone now, it moved. */
    isThere?: boolean;
  },
): Promise<Changed<FlowDocument> & { outcome?: EditOutcome }> {
  let outcome: EditOutcome | undefined;
  const changed = await changeDocument<FlowDocument>(documents, flowDocId(id), {
    check,
    async change(current) {
      if (current === null && isThere) {
        throw new SetteeError('conflict', 'This flow is being moved to another space; try again.');
      }
      if (current === null) {
        const { name, flow } = body;
        if (name === undefined || flow === undefined) {
          throw new SetteeError('not_found', 'There is no such flow; to make it, send name and flow.');
        }
        return newFlow(id, { ...body, name, flow }, now);
      }
      if (current.deleted === true) {
        throw new SetteeError('conflict', 'This flow was deleted; restore it before changing it.', {
          details: deletedDetails(current),
        });
      }
      const edit = await applyEdit(documents, current, { body, now });
      ({ outcome } = edit);
      return edit.next;
    },
  });
  return { ...changed, ...(outcome === undefined ? {} : { outcome }) };
}

/** Deletes softly; deleting again changes nothing. */
export async function removeFlow(
  documents: DocumentStore,
  id: string,
  { userId, now, check }: { userId: string; now: Date; check: CheckPrecondition<FlowDocument> },
): Promise<StoredFlow> {
  const deletedAt = now.toISOString();
  const { document } = await changeDocument<FlowDocument>(documents, flowDocId(id), {
    check,
    change(current) {
      if (current === null) throw notFound();
      if (current.deleted === true) return null;
      return { ...current, deleted: true, deletedAt, deletedBy: userId, updatedAt: deletedAt };
    },
  });
  return document;
}

/** The flow as it is when it is not deleted. */
export function undeleted(flow: FlowDocument): FlowDocument {
  return without(flow, ['deleted', 'deletedAt', 'deletedBy']) as FlowDocument;
}

/** Takes a soft deletion back; a flow that is not deleted stays as it is. */
export async function restoreFlow(
  documents: DocumentStore,
  id: string,
  { now, check }: { now: Date; check: CheckPrecondition<FlowDocument> },
): Promise<StoredFlow> {
  const { document } = await changeDocument<FlowDocument>(documents, flowDocId(id), {
    check,
    change(current) {
      if (current === null) throw notFound();
      if (current.deleted !== true) return null;
      return { ...undeleted(current), updatedAt: now.toISOString() };
    },
  });
  return document;
}

/** What belongs to one flow and not to its copies. */
const notCopied = [
  '_rev',
  '_conflicts',
  '_attachments',
  'versionHistory',
  'publishedAt',
  'isFavorite',
  'contributors',
  'visibility',
];

/** A new flow in `to` with the content of another, at its first version and without its history. */
export async function duplicateFlow(
  documents: DocumentStore,
  id: string,
  { name, now, to }: { name?: string; now: Date; to: DocumentStore },
): Promise<StoredFlow> {
  const source = await readFlow(documents, id);
  const time = now.toISOString();
  const copy: FlowDocument = {
    ...(unmarked(without(source, notCopied)) as FlowDocument),
    _id: flowDocId(uuid()),
    name: name ?? `${source.name.slice(0, 240)} (copy)`,
    version: '1.0.0',
    parentFlowId: bareId(source._id),
    createdAt: time,
    updatedAt: time,
  };
  const written = await to.insert(copy);
  if (written === 'conflict') throw new SetteeError('internal_error', 'A new id was taken.');
  return { ...copy, _rev: written.revision };
}
