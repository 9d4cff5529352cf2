import type { Pouch, PouchChange, PouchDocument } from '../pouch/pouch-types.ts';
import { createSignal, reportUnexpected } from '../signal.ts';

/** A summary in memory of one kind of documents, kept current by the database's own feed. */
export interface DocumentIndex<S> {
  ready: () => Promise<void>;
  /** By document id, of documents that are not deleted. */
  entries: () => Map<string, S>;
  /** Ids of the documents that begin with `markPrefix`. */
  marks: () => ReadonlySet<string>;
  /** Ids of documents with several leaves, deleted ones among them. */
  branched: () => Set<string>;
  /** Notes that a document has just got one more leaf, ahead of the feed. */
  branch: (docId: string) => void;
  /** Takes in what was just written here, ahead of the feed. */
  apply: (doc: PouchDocument) => void;
  onChange: (listener: (ids: ReadonlySet<string>) => void) => () => void;
  close: () => void;
}

interface IndexOptions<S> {
  db: Pouch;
  /** First part of the ids. */
  prefix: string;
  summarize: (doc: PouchDocument) => S;
  /** First part of the ids of documents that say something about those: their coming and going is a change of all. */
  markPrefix?: string;
}

const pageSize = 200;

/** Starts to read at once; changes that arrive meanwhile are not lost. */
export function createDocumentIndex<S>(options: IndexOptions<S>): DocumentIndex<S> {
  const { db, prefix, summarize, markPrefix } = options;
  const entries = new Map<string, S>();
  const marks = new Set<string>();
  const branched = new Set<string>();
  const changed = createSignal<ReadonlySet<string>>();
  let closed = false;
  let waiting = new Set<string>();
  let reading: Promise<void> = Promise.resolve();

  const noteLeaves = ({ id, changes }: PouchChange) => {
    if (changes.length > 1) branched.add(id);
    else branched.delete(id);
  };
  const take = (id: string, doc: PouchDocument | null | undefined) => {
    if (doc && !doc._deleted) entries.set(id, summarize(doc));
    else entries.delete(id);
  };
  const readWaiting = async () => {
    const ids = waiting;
    waiting = new Set();
    if (ids.size === 0 || closed) return;
    for (const keys of pagesOf([...ids])) {
      const { rows } = await db.allDocs({ keys, include_docs: true });
      for (const row of rows) take(row.key, row.doc);
    }
    if (!closed) changed.emit(ids);
  };
  const noteMark = ({ id, deleted }: PouchChange): boolean => {
    if (markPrefix === undefined || !id.startsWith(markPrefix)) return false;
    if (deleted) marks.delete(id);
    else marks.add(id);
    return true;
  };
  const enqueue = (change: PouchChange) => {
    if (noteMark(change)) changed.emit(new Set(entries.keys()));
    if (!change.id.startsWith(prefix)) return;
    noteLeaves(change);
    waiting.add(change.id);
    reading = reading.then(readWaiting).catch((error: unknown) => {
      if (!closed) reportUnexpected(error);
    });
  };
  const readAll = async () => {
    const { update_seq: since } = await db.info();
    if (closed) return;
    feed = db.changes({ since, live: true, style: 'all_docs', return_docs: false }).on('change', enqueue);
    feed.catch(() => {});
    const { results } = await db.changes({ since: 0, style: 'all_docs', return_docs: true });
    for (const change of results) {
      noteMark(change);
      if (change.id.startsWith(prefix)) noteLeaves(change);
    }
    await readPages(db, prefix, take);
  };
  let feed: ReturnType<Pouch['changes']> | null = null;
  const loading = readAll().catch((error: unknown) => {
    if (!closed) throw error;
  });
  // Heard by whoever awaits `ready`.
  loading.catch(() => {});

  return {
    ready: () => loading,
    entries: () => entries,
    marks: () => marks,
    branched: () => branched,
    branch(docId) {
      branched.add(docId);
      changed.emit(new Set([docId]));
    },
    apply(doc) {
      take(doc._id, doc);
      changed.emit(new Set([doc._id]));
    },
    onChange: changed.subscribe,
    close() {
      closed = true;
      feed?.cancel();
    },
  };
}

function pagesOf(ids: string[]): string[][] {
  const pages: string[][] = [];
  for (let at = 0; at < ids.length; at += pageSize) pages.push(ids.slice(at, at + pageSize));
  return pages;
}

async function readPages(
  db: Pouch,
  prefix: string,
  take: (id: string, doc: PouchDocument | null | undefined) => void,
): Promise<void> {
  let startkey = prefix;
  for (;;) {
    const { rows } = await db.allDocs({
      startkey,
      endkey: `${prefix}\uffff`,
      limit: pageSize,
      include_docs: true,
    });
    for (const row of rows) take(row.id, row.doc);
    if (rows.length < pageSize) return;
    startkey = `${rows.at(-1)?.id ?? prefix}\u0000`;
  }
}
