import { serverDatabaseName } from '../../schema/index.ts';
import type { Log } from '../log.ts';
import type { Couch, DocumentChange } from '../couch/couch.ts';
import { engineStatus, orNull } from '../couch/engine-error.ts';
import { retry } from '../couch/retry.ts';
import { createRememberedSpaces, type SpaceChangeListener } from './remembered-spaces.ts';
import { spaceDocId, spaceDocumentSchema, spaceIdOf, type SpaceDocument } from './space-document.ts';
import type { Role } from './spaces.ts';

/** Spaces remembered in this process. */
const rememberedSpaces = 50_000;
const pageSize = 500;

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
  onChange(listener: SpaceChangeListener): () => void;
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
  const listeners = new Set<SpaceChangeListener>();
  const remembered = createRememberedSpaces({
    most: options.remembered ?? rememberedSpaces,
    onChange(before, after) {
      for (const listener of listeners) listener(before, after);
    },
  });
  const feedListeners = new Set<(spaceId: string, document: SpaceDocument | null) => void>();
  const otherListeners = new Set<(change: DocumentChange) => void>();
  const closing = new AbortController();
  let opening: Promise<void> | null = null;

  function onFeed(change: DocumentChange): void {
    if (!change.id.startsWith('space:')) {
      for (const listener of otherListeners) listener(change);
      return;
    }
    remembered.noteNews();
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
    remembered.takeCurrent(spaceId, document);
  }

  function open(): Promise<void> {
    opening ??= couch.createDatabase(name, 'directory').then(
      () =>
        couch.follow(name, {
          since: 'now',
          signal: closing.signal,
          onChange: onFeed,
          onState: (fresh) => remembered.setFresh(fresh),
        }),
      (error: unknown) => {
        opening = null;
        throw error;
      },
    );
    return opening;
  }

  async function read(spaceId: string): Promise<SpaceDocument | null> {
    await open();
    const asked = remembered.lastNews();
    const found = await orNull(database.get(spaceDocId(spaceId)));
    const document = found === null ? null : spaceDocumentSchema.parse(found);
    remembered.take(spaceId, document, asked);
    return document;
  }

  return {
    open,
    read,
    get: async (spaceId) => remembered.current(spaceId) ?? read(spaceId),
    update(spaceId, change) {
      return untilNoConflict(async () => {
        const current = await read(spaceId);
        const next = change(current);
        if (next === null || next === current) return current;
        const asked = remembered.lastNews();
        const { rev } = await database.insert(next);
        const written = { ...next, _rev: rev };
        remembered.take(spaceId, written, asked);
        remembered.noteNews();
        return written;
      });
    },
    async remove(spaceId) {
      await untilNoConflict(async () => {
        const current = await read(spaceId);
        if (current?._rev !== undefined) await orNull(database.destroy(current._id, current._rev));
      });
      remembered.takeCurrent(spaceId, null);
      remembered.noteNews();
    },
    async ofMember(userId) {
      await open();
      const asked = remembered.lastNews();
      const query = { key: userId, include_docs: true, reduce: false };
      const { rows } = await database.view<Role>('settee', 'spaces_by_member', query);
      const found = rows.flatMap(({ doc }) => spaceDocumentSchema.safeParse(doc).data ?? []);
      for (const document of found) remembered.take(spaceIdOf(document), document, asked);
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
    isFresh: () => remembered.isFresh(),
    close: () => closing.abort(),
  };
}

/** Does the work again where another write came first. */
function untilNoConflict<T>(work: () => Promise<T>): Promise<T> {
  return retry(work, { attempts: 20, isWorthIt: (error) => engineStatus(error) === 409 });
}
