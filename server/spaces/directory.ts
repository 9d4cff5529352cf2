import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import { serverDatabaseName } from '../../schema/index.ts';
import type { Log } from '../log.ts';
import type { Couch, DocumentChange } from '../couch/couch.ts';
import { engineStatus, orNull } from '../couch/engine-error.ts';
import { retry } from '../couch/retry.ts';
import { spaceDocId, spaceDocumentSchema, spaceIdOf, type SpaceDocument } from './space-document.ts';
import type { Role } from './spaces.ts';

/** Spaces remembered in this process. */
const rememberedSpaces = 50_000;
const pageSize = 500;

interface Remembered {
  document: SpaceDocument;
  /** The watch that vouches for it; an unwatched one only tells what changed when news come. */
  watch: number;
}
const unwatched = -1;

/** The documents that say who may see what, remembered as long as the change feed vouches for them. */
export interface Directory {
  /** Begins to follow the directory; the first use does it otherwise. */
  open(): Promise<void>;
  get(spaceId: string): Promise<SpaceDocument | null>;
  /** From the engine itself. */
  read(spaceId: string): Promise<SpaceDocument | null>;
  /** Writes what `change` makes of the current document; null leaves it. Repeated on conflict. */
  update(
    spaceId: string,
    change: (document: SpaceDocument | null) => SpaceDocument | null,
  ): Promise<SpaceDocument | null>;
  remove(spaceId: string): Promise<void>;
  /** The spaces that name this user as a member. */
  ofMember(userId: string): Promise<SpaceDocument[]>;
  /** Every space, in pages. */
  all(): AsyncGenerator<SpaceDocument>;
  /** Every change that the feed reports, of this process as well: what a space is now, null where it is gone. */
  onFeed(listener: (spaceId: string, document: SpaceDocument | null) => void): () => void;
  /** Every change of a document that is no space. */
  onOther(listener: (change: DocumentChange) => void): () => void;
  /** What was known of a space before, and what it is now. Returns its unsubscribe. */
  onChange(listener: (before: SpaceDocument | null, after: SpaceDocument | null) => void): () => void;
  /** True while changes of other processes arrive. */
  isFresh(): boolean;
  close(): void;
}

export function createDirectory(options: {
  couch: Couch;
  log: Log;
  /** How many spaces are remembered; 50,000 by default. */
  remembered?: number;
}): Directory {
  const { couch, log } = options;
  const name = serverDatabaseName('directory', couch.prefix);
  const database = couch.admin<SpaceDocument>(name);
  const remembered = new LRUCache<string, Remembered>({
    ...atMost(options.remembered ?? rememberedSpaces),
    dispose({ document }, _spaceId, reason) {
      // Nobody would hear of its changes: whoever is inside has to come in again.
      if (reason === 'evict') tell(document, null);
    },
  });
  const listeners = new Set<(before: SpaceDocument | null, after: SpaceDocument | null) => void>();
  const feedListeners = new Set<(spaceId: string, document: SpaceDocument | null) => void>();
  const otherListeners = new Set<(change: DocumentChange) => void>();
  const closing = new AbortController();
  let isFresh = false;
  /** Counts up when the feed first begins; after that it never misses a change. */
  let watch = 0;
  /** Counts up with every change and at each end of the feed: what was read across one may be older than it. */
  let news = 0;
  let opening: Promise<void> | null = null;

  function tell(before: SpaceDocument | null, after: SpaceDocument | null): void {
    for (const listener of listeners) listener(before, after);
  }

  /** Takes in what was read, written or reported; `isCurrent` where no news can have overtaken it. */
  function remember(spaceId: string, document: SpaceDocument | null, isCurrent: boolean): void {
    const entry = remembered.get(spaceId);
    const before = entry?.document ?? null;
    // Answers and feed may overtake each other; the later revision is the truth.
    if (before && document && generation(document) < generation(before)) return;
    if (!isCurrent && entry && (!document || document._rev === before?._rev)) {
      if (!document) entry.watch = unwatched;
      return;
    }
    // Unknown names are not remembered: whoever guesses them must not push real spaces out.
    if (document) remembered.set(spaceId, { document, watch: isCurrent ? watch : unwatched });
    else remembered.delete(spaceId);
    if (before?._rev !== document?._rev) tell(before, document);
  }

  function onFeed(change: DocumentChange): void {
    if (!change.id.startsWith('space:')) {
      for (const listener of otherListeners) listener(change);
      return;
    }
    news += 1;
    const parsed = spaceDocumentSchema.safeParse(change.doc);
    if (!parsed.success && change.deleted !== true) {
      log.error(
        { id: change.id, reason: parsed.error.message },
        'a space in the directory cannot be understood',
      );
    }
    const spaceId = change.id.slice('space:'.length);
    const document = parsed.success ? parsed.data : null;
    // They come first: for them, what is reported is news even where it had been read already.
    for (const listener of feedListeners) listener(spaceId, document);
    remember(spaceId, document, true);
  }

  function onState(fresh: boolean): void {
    news += 1;
    // What was read before the feed began may have changed before it as well.
    if (fresh && watch === 0) watch = 1;
    isFresh = fresh;
  }

  function open(): Promise<void> {
    opening ??= couch.createDatabase(name, 'directory').then(
      () => couch.follow(name, { since: 'now', signal: closing.signal, onChange: onFeed, onState }),
      (error: unknown) => {
        opening = null;
        throw error;
      },
    );
    return opening;
  }

  async function read(spaceId: string): Promise<SpaceDocument | null> {
    await open();
    const asked = news;
    const found = await orNull(database.get(spaceDocId(spaceId)));
    const document = found === null ? null : spaceDocumentSchema.parse(found);
    remember(spaceId, document, news === asked);
    return document;
  }

  return {
    open,
    read,
    async get(spaceId) {
      const known = isFresh ? remembered.get(spaceId) : undefined;
      return known?.watch === watch ? known.document : read(spaceId);
    },
    update(spaceId, change) {
      return untilNoConflict(async () => {
        const current = await read(spaceId);
        const next = change(current);
        if (next === null || next === current) return current;
        const asked = news;
        const { rev } = await database.insert(next);
        const written = { ...next, _rev: rev };
        remember(spaceId, written, news === asked);
        news += 1;
        return written;
      });
    },
    async remove(spaceId) {
      await untilNoConflict(async () => {
        const current = await read(spaceId);
        if (current?._rev !== undefined) await orNull(database.destroy(current._id, current._rev));
      });
      remember(spaceId, null, true);
      news += 1;
    },
    async ofMember(userId) {
      await open();
      const asked = news;
      const query = { key: userId, include_docs: true, reduce: false };
      const { rows } = await database.view<Role>('settee', 'spaces_by_member', query);
      const found = rows.flatMap(({ doc }) => spaceDocumentSchema.safeParse(doc).data ?? []);
      for (const document of found) remember(spaceIdOf(document), document, news === asked);
      return found;
    },
    async *all() {
      await open();
      for (let startKey = 'space:'; ;) {
        const page = await database.list({
          include_docs: true,
          start_key: startKey,
          end_key: 'space:\ufff0',
          limit: pageSize + 1,
        });
        for (const row of page.rows.slice(0, pageSize)) {
          const parsed = spaceDocumentSchema.safeParse(row.doc);
          if (parsed.success) yield parsed.data;
        }
        const next = page.rows[pageSize];
        if (!next) return;
        startKey = next.id;
      }
    },
    onFeed(listener) {
      feedListeners.add(listener);
      return () => void feedListeners.delete(listener);
    },
    onOther(listener) {
      otherListeners.add(listener);
      return () => void otherListeners.delete(listener);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    isFresh: () => isFresh,
    close: () => closing.abort(),
  };
}

/** Does the work again where another write came first. */
function untilNoConflict<T>(work: () => Promise<T>): Promise<T> {
  return retry(work, { attempts: 20, isWorthIt: (error) => engineStatus(error) === 409 });
}

function generation(document: SpaceDocument): number {
  return Number.parseInt(document._rev ?? '0', 10);
}
