import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { callbackify } from 'node:util';
import leveldown from 'leveldown';
import PouchDB from 'pouchdb-core';
import leveldb from 'pouchdb-adapter-leveldb';
import memory from 'pouchdb-adapter-memory';
import find from 'pouchdb-find';
import { keepCurrentKeys } from './current-keys.ts';
import { discardDirectory } from './discarded-directories.ts';
import { createStoredText, type StoredText } from './stored-text.ts';

/** The storage adapters that the engine is tried with; a new one is a line here and its plugin below. */
export type StorageAdapter = 'leveldb' | 'memory';

/** A revision tree and the winning revision, as the LevelDB adapters keep them for each document. */
export interface DocumentMetadata {
  id: string;
  rev_tree: unknown;
  rev_map: Record<string, number>;
  winningRev: string;
  deleted: boolean;
  seq: number;
}

export interface StoredAttachment {
  content_type?: string;
  digest: string;
  length?: number;
  revpos?: number;
  stub?: boolean;
  data?: string;
}

export interface StoredDocument {
  _id: string;
  _rev: string;
  _deleted?: boolean;
  _attachments?: Record<string, StoredAttachment>;
  [field: string]: unknown;
}

export interface ChangesScan {
  since: number;
  descending: boolean;
  limit?: number;
  return_docs: false;
  include_docs: true;
  processChange(document: StoredDocument, metadata: DocumentMetadata): object;
  onChange(change: object): void;
  complete(error: unknown, result?: unknown): void;
}

type Callback<T> = (error: unknown, result?: T) => void;

/** A PouchDB with the methods below its public ones, which write and scan without cloning every document. */
export interface StorageHandle extends PouchDB.Database<Record<string, unknown>> {
  /** Null where it cannot be read below PouchDB. */
  stored: StoredText | null;
  _bulkDocs(request: { docs: object[] }, options: { new_edits: boolean }, done: Callback<unknown[]>): void;
  _changes(scan: ChangesScan): { cancel(): void };
  _get(
    id: string,
    options: { rev?: string },
    done: Callback<{ doc: StoredDocument; metadata: DocumentMetadata }>,
  ): void;
  _getRevisionTree(id: string, done: Callback<unknown>): void;
  _getLocal(id: string, done: Callback<Record<string, unknown>>): void;
  _putLocal(document: object, done: Callback<{ id: string; rev: string }>): void;
  _removeLocal(document: object, done: Callback<{ id: string; rev: string }>): void;
  compactDocument(id: string, maxHeight: number): Promise<void>;
}

/** The indexes of views that PouchDB has opened for a database, by the functions' sources. */
export interface CachedViews {
  _cachedViews?: Record<string, Promise<{ db: { close(): Promise<void> } }>>;
}

/** By their places; each lasts for as long as PouchDB holds it. */
const openStores = new Map<string, WeakRef<ReturnType<typeof leveldown>>>();

/** LevelDB that answers a write when it is on the disk, as CouchDB does: it outlasts a loss of power. */
const syncedLeveldown = Object.assign(
  (location: string) => {
    const store = leveldown(location);
    const written = store as unknown as { _batch: Batch };
    const batch = written._batch.bind(written);
    written._batch = (operations, settings, done) => batch(operations, { ...settings, sync: true }, done);
    openStores.set(location, new WeakRef(store));
    return store;
  },
  {
    /** LevelDB's own removes file by file, after which a store half removed cannot be opened. */
    destroy: callbackify(discardDirectory),
  },
);
type Batch = (operations: object[], settings: object, done: (error: unknown) => void) => void;

/** Opens databases of one adapter below one directory (for `memory` the directory is only a name). */
export function createStorage(options: { adapter: StorageAdapter; directory: string }): {
  open(name: string, settings: { revsLimit: number }): Promise<StorageHandle>;
  /** Bytes on disk, without the indexes of views. */
  size(name: string): Promise<number>;
  /** Deletes a closed database with the indexes of its views, in whatever state they are. */
  remove(name: string): Promise<void>;
} {
  PouchDB.plugin(leveldb).plugin(memory).plugin(find);
  const { directory } = options;
  const Store = PouchDB.defaults({ prefix: `${directory}/` });
  return {
    async open(name, settings) {
      const handle = new Store(name, {
        adapter: options.adapter,
        revs_limit: settings.revsLimit,
        ...(options.adapter === 'leveldb' ? { db: syncedLeveldown } : {}),
        view_update_changes_batch_size: 500,
      } as PouchDB.Configuration.DatabaseConfiguration) as StorageHandle;
      handle.setMaxListeners(0);
      handle.on('error', () => undefined);
      keepCurrentKeys(handle);
      await handle.info();
      const store = openStores.get(`${directory}/${name}`)?.deref();
      handle.stored = store ? createStoredText(store) : null;
      return handle;
    },
    async size(name) {
      if (options.adapter === 'memory') return 0;
      const folder = join(directory, name);
      const files = await readdir(folder).catch(() => []);
      const sizes = files.map((file) =>
        stat(join(folder, file)).then(
          ({ size }) => size,
          () => 0,
        ),
      );
      return (await Promise.all(sizes)).reduce((total, size) => total + size, 0);
    },
    async remove(name) {
      if (options.adapter === 'memory') return await new Store(name, { adapter: 'memory' }).destroy();
      const indexes = (await readdir(directory)).filter((each) => each.startsWith(`${name}-mrview-`));
      // The database last: it makes lost indexes anew, but left ones would pass for its successor's.
      for (const each of [...indexes, name]) await discardDirectory(join(directory, each));
    },
  };
}
