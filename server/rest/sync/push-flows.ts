import type { z } from 'zod';
import {
  bareId,
  flowDocId,
  pushedFlowSchema,
  type FlowDocument,
  type PushedFlow,
  type RefusedFlow,
  type SyncConflict,
  type SyncFlowsBody,
  type SyncFlowsReply,
} from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import { editedFlow } from '../flows/merge-edit.ts';
import { findPlaces } from '../flows/flow-place.ts';
import { keepVersion } from '../flows/version-store.ts';
import { changeDocument } from '../store/change-document.ts';
import type { DocumentStore, Stored } from '../store/document-store.ts';
import { assertWrites } from '../store/space-rights.ts';
import type { UserSpace } from '../store/user-space.ts';
import type { ChangeClock } from './change-clock.ts';
import { changedIds } from './changed-ids.ts';
import { readContinuation } from './continuation.ts';
import { decideSync, pushedDocument, type SyncDecision } from './decide-sync.ts';

const identifiedSchema = pushedFlowSchema.pick({ id: true });

/** Tells whether the server's side changed since the caller last saw it, and whether that is certain. */
type ServerChanged = (
  local: PushedFlow,
  server: FlowDocument & Stored,
) => { serverChanged: boolean; certain: boolean };

/**
 * By the revision that the caller edited from; else by what changed since `lastSyncAt`; else by the document's own
 * time. The revisions are read first: whatever changes while the push runs has changed too.
 */
async function changeTest(
  documents: DocumentStore,
  { clock, flows, lastSyncAt }: { clock: ChangeClock; flows: PushedFlow[]; lastSyncAt: string | null },
): Promise<ServerChanged> {
  const revisions = await documents.revisions(flows.map(({ id }) => flowDocId(id)));
  const start = lastSyncAt === null ? null : await clock.sequenceAt(documents, lastSyncAt);
  const changed = start?.exact === true ? await changedIds(documents, start.sequence) : null;
  return (local, server) => {
    if (local.revision !== undefined) {
      return { serverChanged: local.revision !== server._rev, certain: true };
    }
    if (revisions.get(server._id) !== server._rev) return { serverChanged: true, certain: true };
    if (changed !== null) return { serverChanged: changed.has(bareId(server._id)), certain: true };
    return { serverChanged: lastSyncAt === null || server.updatedAt > lastSyncAt, certain: false };
  };
}

function conflictOf(
  action: SyncConflict['action'],
  { local, server, versionId }: { local: PushedFlow; server: FlowDocument | null; versionId?: string },
): SyncConflict {
  return {
    flowId: local.id,
    localUpdatedAt: local.updatedAt ?? null,
    serverUpdatedAt: server?.updatedAt ?? null,
    action,
    ...(versionId === undefined ? {} : { versionId }),
  };
}

interface PushContext {
  documents: DocumentStore;
  test: ServerChanged;
  owner: string;
  now: Date;
}

async function keepLoser(
  documents: DocumentStore,
  { loser, other }: SyncDecision,
): Promise<string | undefined> {
  if (loser === undefined) return undefined;
  if (other !== undefined) await keepVersion(documents, other);
  const { _id } = await keepVersion(documents, loser);
  return _id.slice(_id.lastIndexOf(':') + 1);
}

/** What the caller edited, in the form in which the server keeps it. */
async function baseOf(
  { documents, owner, now }: Omit<PushContext, 'test'>,
  local: PushedFlow,
  server: FlowDocument & Stored,
): Promise<FlowDocument | null> {
  const { revision, base } = local;
  const seen = base && pushedDocument({ ...base, id: local.id }, server, { owner, now });
  return editedFlow(documents, server, { revision, base: seen });
}

/** Pushes one flow; null where there was no conflict. The loser is kept before anything is replaced. */
async function pushFlow(
  { documents, test, owner, now }: PushContext,
  local: PushedFlow,
): Promise<SyncConflict | null> {
  let conflict: SyncConflict | null = null;
  const id = flowDocId(local.id);
  const change = async (server: (FlowDocument & Stored) | null): Promise<FlowDocument | null> => {
    const pushed = pushedDocument(local, server, { owner, now });
    if (server === null) return decideSync(pushed, null, { serverChanged: false, certain: true }).next;
    const circumstances = test(local, server);
    const isConflict = circumstances.serverChanged;
    const base = isConflict ? await baseOf({ documents, owner, now }, local, server) : null;
    const decision = decideSync(pushed, server, { ...circumstances, base });
    const versionId = await keepLoser(documents, decision);
    const told = { local, server, ...(versionId === undefined ? {} : { versionId }) };
    conflict = decision.action === undefined ? null : conflictOf(decision.action, told);
    return decision.next;
  };
  await changeDocument<FlowDocument>(documents, id, { change });
  return conflict;
}

interface Entry {
  index: number;
  local: PushedFlow;
}

/** Why an entry of the push is no flow, in the words of a 400. */
function refusalOf(entry: unknown, index: number, { path, message }: z.core.$ZodIssue): RefusedFlow {
  const { data } = identifiedSchema.safeParse(entry);
  return {
    index,
    ...(data === undefined ? {} : { flowId: data.id }),
    path: ['flows', index, ...path].join('.'),
    reason: message,
  };
}

function readEntries(flows: readonly unknown[]): { entries: Entry[]; refused: RefusedFlow[] } {
  const entries: Entry[] = [];
  const refused: RefusedFlow[] = [];
  for (const [index, entry] of flows.entries()) {
    const { data, error } = pushedFlowSchema.safeParse(entry);
    const [issue] = error?.issues ?? [];
    if (data !== undefined) entries.push({ index, local: data });
    else if (issue !== undefined) refused.push(refusalOf(entry, index, issue));
  }
  return { entries, refused };
}

/** A caller who has not got everything knows no more than at the time from which it began to ask. */
function timeOf(lastSyncAt: SyncFlowsBody['lastSyncAt']): string | null {
  if (!lastSyncAt) return null;
  return new Date(readContinuation(lastSyncAt)?.since ?? lastSyncAt).toISOString();
}

/**
 * Takes flows in from a client, each where it is, and new ones into the first of these spaces. Each is stored, or reported as a conflict with what was done, where neither side is
 * lost, or refused by itself.
 */
export async function pushFlows(
  spaces: readonly UserSpace[],
  { clock, body, now }: { clock: ChangeClock; body: SyncFlowsBody; now: Date },
): Promise<SyncFlowsReply> {
  const lastSyncAt = timeOf(body.lastSyncAt);
  const { entries, refused } = readEntries(body.flows);
  const placeOf = await findPlaces(
    spaces,
    entries.map(({ local }) => local.id),
  );
  const contexts = new Map<UserSpace, PushContext>();
  for (const space of new Set(entries.map(({ local }) => placeOf(local.id)))) {
    const flows = entries.flatMap(({ local }) => (placeOf(local.id) === space ? [local] : []));
    const test = await changeTest(space.documents, { clock, flows, lastSyncAt });
    contexts.set(space, { documents: space.documents, test, owner: space.userId, now });
  }
  const synced: string[] = [];
  const conflicts: SyncConflict[] = [];
  for (const { index, local } of entries) {
    try {
      const space = placeOf(local.id);
      assertWrites(space);
      const conflict = await pushFlow(contexts.get(space) as PushContext, local);
      if (conflict === null) synced.push(local.id);
      else conflicts.push(conflict);
    } catch (error) {
      if (!(error instanceof SetteeError) || error.status >= 500) throw error;
      refused.push({ index, flowId: local.id, reason: error.message });
    }
  }
  return { synced, conflicts, ...(refused.length === 0 ? {} : { refused }) };
}
