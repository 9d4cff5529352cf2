import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { Sequence } from '../replication/checkpoint.ts';

export interface WaitingPage {
  docs: PouchDocument[];
  /** Characters of the documents in JSON. */
  length: number;
  sequence: Sequence;
}

/** Stores pages in the order in which they come. */
export interface PageWriter {
  /** Takes a page; resolves when there is room for the next. Rejects where a write failed. */
  add: (page: WaitingPage) => Promise<void>;
  /** Stores what is waiting; resolves when everything is stored. */
  flush: () => Promise<void>;
  /** Resolves when no write is under way, whatever became of it. */
  idle: () => Promise<void>;
}

interface PageWriterOptions {
  local: Pouch;
  /** A write has so many documents, or so many characters, where so much is waiting. */
  batchDocuments: number;
  batchLength: number;
  /** Everything up to the sequence is stored. */
  onStored: (documents: number, sequence: Sequence) => void;
}

/**
 * One write is under way while the next is gathered: the database works while the network and the parser do. More than
 * that would only be held in memory.
 */
export function createPageWriter(options: PageWriterOptions): PageWriter {
  const { local, batchDocuments, batchLength, onStored } = options;
  let docs: PouchDocument[] = [];
  let length = 0;
  let sequence: Sequence | null = null;
  let writing: Promise<void> = Promise.resolve();

  const store = async (batch: PouchDocument[], upTo: Sequence): Promise<void> => {
    if (batch.length > 0) {
      const [failure] = await local.bulkDocs({ docs: batch, new_edits: false });
      if (failure?.error) throw Object.assign(new Error(failure.message ?? 'A write failed.'), failure);
    }
    onStored(batch.length, upTo);
  };
  const begin = async (): Promise<void> => {
    if (sequence === null) return;
    const [batch, upTo] = [docs, sequence];
    docs = [];
    length = 0;
    sequence = null;
    await writing;
    writing = store(batch, upTo);
    // Whoever adds or flushes next hears of it.
    writing.catch(() => {});
  };
  return {
    async add(page) {
      docs = docs.length === 0 ? page.docs : docs.concat(page.docs);
      length += page.length;
      sequence = page.sequence;
      if (docs.length >= batchDocuments || length >= batchLength) await begin();
    },
    async flush() {
      await begin();
      await writing;
    },
    idle: () => writing.catch(() => {}),
  };
}
