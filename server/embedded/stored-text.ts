import leveldown from 'leveldown';
import { result } from './callbacks.ts';
import type { DocumentMetadata } from './storage.ts';

/** The document of one sequence, as far as its text tells without being parsed. */
export interface StoredChange {
  seq: number;
  id: string;
}

/** What a database's LevelDB holds, below PouchDB, which would parse every body for whoever only passes it on. */
export interface StoredText {
  /** In the order of the ids; null for those that are not there. */
  metadata(ids: string[]): Promise<(DocumentMetadata | null)[]>;
  /** The text of the revisions that were written with these sequences; null where one was compacted. */
  bodies(sequences: number[]): Promise<(Buffer | null)[]>;
  /** Revisions written after a sequence, older ones of a document among them, so many at most. */
  after(since: number, limit: number): Promise<StoredChange[]>;
}

const documents = '\u00FFdocument-store\u00FF';
const sequences = '\u00FFby-sequence\u00FF';
const afterSequences = '\u00FFby-sequence\u00FF\u00FF';
const sequenceDigits = 16;
const readAheadBytes = 1024 * 1024;

/** PouchDB writes these members last. Inside a string no quote follows a comma, so this is never within one. */
const ending = /[,{]"_id":("(?:[^"\\]|\\.)*"),"_rev":"[^"\\]*"(?:,"_deleted":true)?\}$/;
const endingBytes = 2048;

const sequenceKey = (seq: number): string => sequences + String(seq).padStart(sequenceDigits, '0');

function idOf(body: Buffer): string {
  const found = ending.exec(body.toString('utf8', Math.max(0, body.length - endingBytes)))?.[1];
  if (found !== undefined) return JSON.parse(found) as string;
  return (JSON.parse(body.toString('utf8')) as { _id: string })._id;
}

type Store = ReturnType<typeof leveldown>;

async function readAfter(store: Store, since: number, limit: number): Promise<StoredChange[]> {
  const rows = store.iterator({
    gt: sequenceKey(since),
    lt: afterSequences,
    limit,
    keyAsBuffer: false,
    valueAsBuffer: true,
    fillCache: false,
    highWaterMark: readAheadBytes,
  });
  const found: StoredChange[] = [];
  try {
    for (;;) {
      const [key, body] = await new Promise<[key?: string, body?: Buffer]>((resolve, reject) => {
        rows.next((error, ...row) => (error ? reject(error) : resolve(row)));
      });
      if (key === undefined || body === undefined) return found;
      found.push({ seq: Number(key.slice(sequences.length)), id: idOf(body) });
    }
  } finally {
    await result<void>((done) => rows.end(done));
  }
}

/** Reads an open store in the layout of PouchDB's LevelDB adapter. */
export function createStoredText(store: Store): StoredText {
  const read = (keys: string[]): Promise<(Buffer | undefined)[]> =>
    result((done) => store.getMany(keys, { asBuffer: true }, done));
  return {
    async metadata(ids) {
      const texts = await read(ids.map((id) => documents + id));
      return texts.map((text) =>
        text === undefined ? null : (JSON.parse(text.toString('utf8')) as DocumentMetadata),
      );
    },
    async bodies(wanted) {
      return (await read(wanted.map(sequenceKey))).map((body) => body ?? null);
    },
    after: (since, limit) => readAfter(store, since, limit),
  };
}
