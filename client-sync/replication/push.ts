import type { BulkGetResponse, BulkResult, Pouch, PouchChange, PouchDocument } from '../pouch/pouch-types.ts';
import type { Checkpoint, Sequence } from './checkpoint.ts';
import { keepSent } from '../local/bases.ts';
import { isStatus } from '../local/local-documents.ts';
import type { OneShot } from './pull.ts';

interface PushOptions {
  local: Pouch;
  remote: Pouch;
  checkpoint: Checkpoint;
  /** Whether the server has the revision, because it came from there. */
  isThere: (docId: string, revision: string) => boolean;
  /** Whether the revision was made here a moment ago, so that the server need not be asked for it. */
  isNew: (docId: string, revision: string) => boolean;
  onActive: () => void;
  batchSize?: number;
}

interface Leaf {
  id: string;
  rev: string;
}

const defaultBatch = 100;
/** Documents are read in groups of so many, since each may be large. */
const groupSize = 20;

/** Pushes what the server does not have. What came from there is passed over without a request. */
export function createPush(options: PushOptions): OneShot {
  const { local, remote, checkpoint, isThere, isNew, onActive, batchSize = defaultBatch } = options;
  let position: Sequence | null = null;

  const missingOf = async (leaves: Leaf[]): Promise<Leaf[]> => {
    // To send a revision that is there changes nothing.
    if (leaves.length <= groupSize && leaves.every(({ id, rev }) => isNew(id, rev))) return leaves;
    const missing = await remote.revsDiff(byDocument(leaves));
    return Object.entries(missing).flatMap(([id, diff]) => diff.missing.map((rev) => ({ id, rev })));
  };
  const send = async (leaves: Leaf[]): Promise<void> => {
    const request = { docs: leaves, revs: true, latest: true, attachments: true };
    const docs = documentsOf(await local.bulkGet(request));
    const [results] = await Promise.all([remote.bulkDocs({ docs }), keepSent(local, docs)]);
    const failed = results.find((result) => result.error && !isRefused(result));
    if (failed) throw Object.assign(new Error(failed.message ?? failed.reason ?? 'A write failed.'), failed);
  };
  return {
    sequence: () => position,
    reset() {
      position = null;
    },
    async step() {
      const since = position ?? (await checkpoint.read());
      const changes = await local.changes({
        since,
        limit: batchSize,
        style: 'all_docs',
        return_docs: true,
      });
      const leaves = leavesOf(changes.results).filter(({ id, rev }) => !isThere(id, rev));
      const missing = leaves.length === 0 ? [] : await missingOf(leaves);
      if (missing.length > 0) onActive();
      for (let at = 0; at < missing.length; at += groupSize) await send(missing.slice(at, at + groupSize));
      position = changes.last_seq;
      return {
        sequence: position,
        seen: changes.results.length,
        written: missing.length,
        more: changes.results.length >= batchSize,
      };
    },
  };
}

function leavesOf(changes: PouchChange[]): Leaf[] {
  return changes.flatMap(({ id, changes: revisions }) => revisions.map(({ rev }) => ({ id, rev })));
}

function byDocument(leaves: Leaf[]): Record<string, string[]> {
  const revisions: Record<string, string[]> = {};
  for (const { id, rev } of leaves) (revisions[id] ??= []).push(rev);
  return revisions;
}

/**
 * What is not there any more was replaced meanwhile: its successor comes with a later change. What is there and cannot
 * be read must not be passed over, or it would never be sent.
 */
function documentsOf({ results }: BulkGetResponse): PouchDocument[] {
  const revisions = new Map<string, PouchDocument>();
  for (const { docs } of results) {
    for (const { ok, error } of docs) {
      if (ok) revisions.set(`${ok._id}@${ok._rev}`, ok);
      else if (error !== undefined && !isStatus(error, 404)) throw error;
    }
  }
  return [...revisions.values()];
}

/** The server's word is final, and the remote database has noted it. */
function isRefused({ name }: BulkResult): boolean {
  return name === 'forbidden' || name === 'unauthorized';
}
