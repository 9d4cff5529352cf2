import { canonicalJson, cleanFlowInput, sameContent } from '../../../flow/index.ts';
import {
  flowDocId,
  schemaVersion,
  type FlowContent,
  type FlowDocument,
  type PushedFlow,
  type SyncConflict,
} from '../../../schema/index.ts';
import { mergeEdit } from '../flows/merge-edit.ts';
import { sorted } from '../store/sorted.ts';
import { without } from '../store/without.ts';

/** What is known about the two sides besides their content. */
export interface SyncCircumstances {
  /** Whether the server's side changed after the caller last saw it. */
  serverChanged: boolean;
  /** False where that follows from times that the caller's clock made. */
  certain: boolean;
  /** What the caller edited, where that is known. */
  base?: FlowDocument | null;
}

/** What to do: write `next` (null: leave the server's side), keep `loser` and `other` as versions, report `action`. */
export interface SyncDecision {
  next: FlowDocument | null;
  loser?: FlowDocument;
  /** Where a merge holds neither side completely. */
  other?: FlowDocument;
  action?: SyncConflict['action'];
}

type Contributors = FlowDocument['contributors'];

/** Reading names the owner among the contributors; where the server's document does not, the entry is not the caller's. */
function contributorsOf(local: PushedFlow, server: FlowDocument | null, owner: string): Contributors {
  const isOwner = ({ userId }: { userId: string }): boolean => userId === owner;
  if (server?.contributors?.some(isOwner) === true) return local.contributors;
  const others = local.contributors?.filter((contributor) => !isOwner(contributor));
  return others?.length === 0 ? undefined : others;
}

/** The fields of a deletion, or none of them. */
function deletionOf(
  local: PushedFlow,
  time: string,
): Pick<FlowDocument, 'deleted' | 'deletedAt' | 'deletedBy'> {
  if (local.deleted !== true) return {};
  const by = local.deletedBy === undefined ? {} : { deletedBy: local.deletedBy };
  return { deleted: true, deletedAt: local.deletedAt ?? time, ...by };
}

/** The pushed flow as a document in the server's place; a time from the future is brought back to now. */
export function pushedDocument(
  local: PushedFlow,
  server: FlowDocument | null,
  { owner, now }: { owner: string; now: Date },
): FlowDocument {
  const time = now.toISOString();
  const fields = without(local, [
    'metadata',
    'conflicts',
    'base',
    'outcome',
    'teamId',
    'deleted',
    'deletedAt',
    'deletedBy',
  ]);
  const { createdOnDevice, lastModifiedOnDevice, userAgent } = local.metadata ?? {};
  const contributors = contributorsOf(local, server, owner);
  const told = { createdOnDevice, lastModifiedOnDevice, userAgent, ...fields, contributors };
  const updatedAt = local.updatedAt !== undefined && local.updatedAt < time ? local.updatedAt : time;
  return {
    version: server?.version ?? '1.0.0',
    ...(cleanFlowInput(told) as Pick<FlowContent, 'name' | 'flow'>),
    createdAt: server?.createdAt ?? local.createdAt ?? time,
    updatedAt,
    ...deletionOf(local, updatedAt),
    ...(server?._attachments === undefined ? {} : { _attachments: server._attachments }),
    _id: flowDocId(local.id),
    type: 'flow',
    schemaVersion: server?.schemaVersion ?? schemaVersion,
  };
}

function historyOf(flow: FlowDocument): NonNullable<FlowDocument['versionHistory']> {
  return flow.versionHistory ?? [];
}

function sameNumbers(a: FlowDocument, b: FlowDocument): boolean {
  return a.version === b.version && canonicalJson(historyOf(a)) === canonicalJson(historyOf(b));
}

/** Both sides say the same: the later one's times and numbers, and the history of both. */
function merged(local: FlowDocument, server: FlowDocument): FlowDocument {
  const [later, earlier] = local.updatedAt > server.updatedAt ? [local, server] : [server, local];
  const known = new Set(historyOf(later).map((entry) => canonicalJson(entry)));
  const added = historyOf(earlier).filter((entry) => !known.has(canonicalJson(entry)));
  const versionHistory = sorted([...added, ...historyOf(later)], (a, b) =>
    a.timestamp < b.timestamp ? -1 : 1,
  );
  return versionHistory.length === 0 ? later : { ...later, versionHistory };
}

/**
 * Decides between a pushed flow and the server's. Where both changed, edits of different places merge, where it is known
 * what the caller edited; else the later edit shows and the other becomes a version: `server_wins` where the server's
 * shows, `kept_both` where the pushed one does, `merged` where they say the same or were merged. A deletion never prevails over an edit it did not see; an edit prevails over a deletion only where it is later.
 */
export function decideSync(
  local: FlowDocument,
  server: FlowDocument | null,
  { serverChanged, certain, base = null }: SyncCircumstances,
): SyncDecision {
  if (server === null) return { next: local };
  if (!serverChanged) {
    const same = sameContent(local, server, { viewport: true });
    if (same && sameNumbers(local, server)) return { next: null };
    return { next: local, ...(certain || same ? {} : { loser: server }) };
  }
  if (sameContent(local, server)) {
    const next = merged(local, server);
    const unchanged = canonicalJson(next) === canonicalJson(server);
    const seen = local.updatedAt === server.updatedAt;
    return { next: unchanged ? null : next, ...(seen && unchanged ? {} : { action: 'merged' }) };
  }
  const both = base && mergeEdit(server, local, base);
  if (both)
    return { next: both.next, action: 'merged', ...(both.mended ? { loser: local, other: server } : {}) };
  const localShows = local.deleted !== true && local.updatedAt > server.updatedAt;
  return localShows
    ? { next: local, loser: server, action: 'kept_both' }
    : { next: null, loser: local, action: 'server_wins' };
}
