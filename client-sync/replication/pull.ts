import type { FewLeaves } from '../bootstrap/few-leaves.ts';
import type { BulkGetResponse, Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { Checkpoint, Sequence } from './checkpoint.ts';
import type { ChangesPage } from './fetch-changes.ts';
import { inlineAttachments } from './inline-attachments.ts';

/** What one batch of a replication did. */
export interface Batch {
  /** Where the replication stands now: everything before it is stored on the other side. */
  sequence: Sequence;
  /** Changes looked at. */
  seen: number;
  /** Revisions that the other side did not have. */
  written: number;
  /** Whether there is more to do right away. */
  more: boolean;
  /** Changes known to remain. */
  pending?: number;
}

/** One direction of a pair of databases, a batch at a time. */
export interface OneShot {
  step: () => Promise<Batch>;
  /** Where it stands; null before the first batch. */
  sequence: () => Sequence | null;
  /** Begins from the checkpoint again: another replication of the same pair may have gone on meanwhile. */
  reset: () => void;
}

interface PullOptions {
  local: Pouch;
  remote: Pouch;
  changes: (query: { since: Sequence; limit: number }) => Promise<ChangesPage>;
  checkpoint: Checkpoint;
  /** What has changed since, whole, where that is little and can be had in one request. */
  few?: (since: Sequence) => Promise<FewLeaves | null>;
  /** A revision is about to be written that `few` gave. */
  onArrival?: (docId: string, revision: string) => void;
  onActive: () => void;
  batchSize?: number;
}

/** A pull that can be told to expect little, and asks then once where it else asks twice. */
export interface Pull extends OneShot {
  step: (options?: { expectsFew?: boolean }) => Promise<Batch>;
}

const defaultBatch = 300;

/**
 * Pulls with two requests a batch, where PouchDB's replication has eight: the checkpoint is written by whoever calls
 * this, now and then, and not with each batch.
 */
export function createPull(options: PullOptions): Pull {
  const { local, remote, changes, few, checkpoint, onActive, batchSize = defaultBatch } = options;
  let position: Sequence | null = null;
  /** The page after `position`, asked for while the one before it was being stored. */
  let ahead: { since: Sequence; page: Promise<ChangesPage> } | null = null;

  const readPage = (since: Sequence): Promise<ChangesPage> => {
    const known = ahead?.since === since ? ahead.page : null;
    ahead = null;
    return known ?? changes({ since, limit: batchSize });
  };
  const readAhead = (since: Sequence) => {
    const page = changes({ since, limit: batchSize });
    page.catch(() => {});
    ahead = { since, page };
  };
  const store = async ({ results }: ChangesPage): Promise<number> => {
    const leaves = Object.fromEntries(
      results.map(({ id, changes: revisions }) => [id, revisions.map(({ rev }) => rev)]),
    );
    const missing = await local.revsDiff(leaves);
    const wanted = Object.entries(missing).flatMap(([id, diff]) => diff.missing.map((rev) => ({ id, rev })));
    if (wanted.length === 0) return 0;
    onActive();
    const docs = documentsOf(await remote.bulkGet({ docs: wanted, revs: true, latest: true }));
    await inlineAttachments(docs, { local, remote });
    return write(docs);
  };
  const write = async (docs: PouchDocument[]): Promise<number> => {
    const [failure] = await local.bulkDocs({ docs, new_edits: false });
    if (failure?.error) throw Object.assign(new Error(failure.message ?? 'A write failed.'), failure);
    return docs.length;
  };
  const storeFew = async ({ docs }: FewLeaves): Promise<number> => {
    const leaves: Record<string, string[]> = {};
    for (const { _id, _rev = '' } of docs) (leaves[_id] ??= []).push(_rev);
    const missing = await local.revsDiff(leaves);
    const wanted = docs.filter(({ _id, _rev = '' }) => missing[_id]?.missing.includes(_rev));
    if (wanted.length === 0) return 0;
    onActive();
    for (const { _id, _rev = '' } of wanted) options.onArrival?.(_id, _rev);
    return write(wanted);
  };
  const stepFew = async (since: Sequence): Promise<Batch | null> => {
    const leaves = await few?.(since);
    if (!leaves) return null;
    const written = await storeFew(leaves);
    position = leaves.sequence;
    return { sequence: position, seen: leaves.changes, written, more: false };
  };
  return {
    sequence: () => position,
    reset() {
      position = null;
      ahead = null;
    },
    async step({ expectsFew = false } = {}) {
      // Only what goes on from a pull before: the first one has its own way.
      const done = expectsFew && position !== null && ahead === null ? await stepFew(position) : null;
      if (done) return done;
      const since = position ?? (await checkpoint.read());
      const page = await readPage(since);
      const more = page.results.length >= batchSize;
      if (more) readAhead(page.last_seq);
      const written = await store(page);
      position = page.last_seq;
      return {
        sequence: position,
        seen: page.results.length,
        written,
        more,
        ...(page.pending === undefined ? {} : { pending: page.pending }),
      };
    },
  };
}

/** All documents that were asked for; one that cannot be had is asked for again later, together with the others. */
function documentsOf({ results }: BulkGetResponse): PouchDocument[] {
  const revisions = new Map<string, PouchDocument>();
  for (const { id, docs } of results) {
    for (const { ok } of docs) {
      if (!ok) throw new Error(`A revision of ${id} could not be had.`);
      revisions.set(`${ok._id}@${ok._rev}`, ok);
    }
  }
  return [...revisions.values()];
}
