import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { Sequence } from '../replication/checkpoint.ts';
import { openPageStream } from './page-stream.ts';

/** A few changes, whole: all leaves of the documents that have changed, with their ancestry and attachments. */
export interface FewLeaves {
  docs: PouchDocument[];
  /** Changes that they were, at most. */
  changes: number;
  /** Everything up to it is among them. */
  sequence: Sequence;
}

interface FewLeavesOptions {
  /** The database's address. */
  url: string;
  /** Sends the user's token, and hands an answer over while it arrives. */
  fetcher: typeof fetch;
  since: Sequence;
  signal: AbortSignal;
}

/** More than a hint is about: revisions are compared first, and read in batches. */
const fewChanges = 20;

/**
 * Asks for changes and their documents in one request. Null where that cannot be had or is not worth it, so that it has
 * to be done in two; rejects where the server wants to be left alone.
 */
export async function readFewLeaves(options: FewLeavesOptions): Promise<FewLeaves | null> {
  const docs: PouchDocument[] = [];
  let changes = 0;
  try {
    for await (const line of openPageStream(options)) {
      if (line.kind === 'start') {
        changes = line.pending;
        if (changes > fewChanges) return null;
      }
      if (line.kind === 'page') docs.push(...line.docs);
      if (line.kind === 'done') return { docs, changes, sequence: line.sequence };
    }
  } catch (error) {
    const { status } = (error ?? {}) as { status?: number };
    if (status === 429 || status === 503 || options.signal.aborted) throw error;
  }
  return null;
}
