import type nano from 'nano';
import { computeRevision, splitRevision, type Leaf, type LeafDocument } from '../../../flow/index.ts';
import { orNull } from '../../couch/engine-error.ts';

/** As many ancestors as a database keeps. */
const longestAncestry = 200;

type Scope = nano.DocumentScope<object>;

interface OpenRevision {
  ok?: LeafDocument & { _rev: string; _revisions?: { start: number; ids: string[] } };
}

interface StoredAttachment {
  length?: unknown;
  stub?: unknown;
}

export function isLive({ document }: Leaf): boolean {
  return document._deleted !== true;
}

export function revisionOf({ ancestry }: Leaf): string {
  return ancestry[0] ?? '';
}

/**
 * All leaves of a document, the ended ones among them, with their ancestors and attachments; none where there is none.
 * Leaves that are not to be written again are read without what is in their attachments.
 */
export async function readLeaves(
  scope: Scope,
  id: string,
  { attachments = true }: { attachments?: boolean } = {},
): Promise<Leaf[]> {
  const query = { open_revs: 'all', revs: true, attachments } as unknown as nano.DocumentGetParams;
  const found = (await orNull(scope.get(id, query))) as unknown as OpenRevision[] | null;
  return (found ?? []).flatMap(({ ok }) => (ok === undefined ? [] : [leafOf(ok)]));
}

/** One revision, a leaf or not, where its content is still kept. */
export async function readRevision(scope: Scope, id: string, revision: string): Promise<Leaf | null> {
  const query = { rev: revision, revs: true, attachments: true } as unknown as nano.DocumentGetParams;
  const found = await orNull(scope.get(id, query));
  return found === null ? null : leafOf(found as unknown as NonNullable<OpenRevision['ok']>);
}

function leafOf({ _rev, _revisions, ...document }: NonNullable<OpenRevision['ok']>): Leaf {
  const { start, ids } = _revisions ?? { start: splitRevision(_rev)[0], ids: [splitRevision(_rev)[1]] };
  const ancestry = ids.map((hash, index) => `${start - index}-${hash}`);
  const attachments = attachmentsOf(document);
  return { document: { ...document, ...attachments }, ancestry };
}

/** `length` and `stub` describe how an answer was written, not the attachment. */
function attachmentsOf({ _attachments }: LeafDocument): { _attachments?: unknown } {
  if (_attachments === undefined) return {};
  const entries = Object.entries(_attachments as Record<string, StoredAttachment>).map(
    ([name, { length: _length, stub: _stub, ...attachment }]) => [name, attachment] as const,
  );
  return { _attachments: Object.fromEntries(entries) };
}

/** Writes leaves as they are, history included; what the database knows already changes nothing. */
export async function writeLeaves(scope: Scope, leaves: readonly Leaf[]): Promise<void> {
  if (leaves.length === 0) return;
  const docs = leaves.map(({ document, ancestry }) => ({
    ...document,
    _rev: ancestry[0],
    _revisions: {
      start: splitRevision(ancestry[0] ?? '')[0],
      ids: ancestry.map((revision) => splitRevision(revision)[1]),
    },
  }));
  const rows = await scope.bulk({ docs, new_edits: false });
  const failure = rows.find(({ error }) => error !== undefined);
  if (failure) throw new Error(`${failure.id} was not taken: ${failure.error} ${failure.reason ?? ''}`);
}

/** A revision on top of a leaf that everybody computes alike; on top of nothing, a first one. */
export function childOf(document: LeafDocument, ancestry: readonly string[] = []): Leaf {
  const [parent] = ancestry;
  const generation = parent === undefined ? 1 : splitRevision(parent)[0] + 1;
  const revision = computeRevision(document, generation, parent);
  return { document, ancestry: [revision, ...ancestry].slice(0, longestAncestry) };
}

/** Ends a leaf without saying that anything took its place here. */
export function tombstoneOf({ document, ancestry }: Leaf): Leaf {
  const { _id, type } = document;
  return childOf({ _id, _deleted: true, type }, ancestry);
}

/** True for what a move leaves where a flow was: it went on elsewhere, and may have come back. */
export function isEndOfMove({ document, ancestry }: Leaf): boolean {
  const { _id, type } = document;
  return revisionOf(tombstoneOf({ document: { _id, type }, ancestry: ancestry.slice(1) })) === ancestry[0];
}
