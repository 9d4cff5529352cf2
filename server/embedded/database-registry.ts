import { mkdir, readdir } from 'node:fs/promises';
import { isSetteeDatabaseName } from '../../schema/index.ts';
import { CouchError, notFound } from './couch-error.ts';
import { createDatabase, type Database } from './database.ts';
import { removeDiscarded } from './discarded-directories.ts';
import { createMutex, type Mutex } from './mutex.ts';
import { createStorage, type StorageAdapter } from './storage.ts';

/** One line of `_db_updates`. */
export interface DatabaseUpdate {
  db_name: string;
  type: 'created' | 'updated' | 'deleted';
  seq: number;
}

export interface DatabaseRegistry {
  /** Names in order. */
  list(): string[];
  has(name: string): boolean;
  /** Throws CouchDB's 404 for a name that does not exist. */
  get(name: string): Database;
  /** Throws 412 where it exists. */
  create(name: string): Promise<Database>;
  remove(name: string): Promise<void>;
  onUpdate(listener: (update: DatabaseUpdate) => void): () => void;
  /** The sequence of `_db_updates`: begins at the time of the start, so that it grows over restarts too. */
  updateSequence(): number;
  /** The latest update of each database with a sequence after `since`. */
  updatesSince(since: number): DatabaseUpdate[];
  close(): Promise<void>;
}

/** Keeps the databases of one directory: which exist, and which of them are open. */
export async function createDatabaseRegistry(options: {
  directory: string;
  adapter: StorageAdapter;
  idleMilliseconds: number;
}): Promise<DatabaseRegistry> {
  const storage = createStorage(options);
  const databases = new Map<string, Database>();
  const listeners = new Set<(update: DatabaseUpdate) => void>();
  const latest = new Map<string, DatabaseUpdate>();
  const locks = new Map<string, Mutex>();
  let sequence = Date.now();

  /** Deleting waits for work in flight there, which must not hold up other databases. */
  function lockOf(name: string): Mutex {
    const lock = locks.get(name) ?? createMutex();
    locks.set(name, lock);
    return lock;
  }

  function announce(name: string, type: DatabaseUpdate['type']): void {
    sequence += 1;
    const update = { db_name: name, type, seq: sequence };
    latest.delete(name);
    latest.set(name, update);
    for (const listener of listeners) listener(update);
  }

  function add(name: string): Database {
    const database = createDatabase({ name, storage });
    database.onWrite(() => announce(name, 'updated'));
    databases.set(name, database);
    return database;
  }

  if (options.adapter === 'leveldb') {
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    await removeDiscarded(options.directory);
    const names = (await readdir(options.directory)).filter(isSetteeDatabaseName);
    for (const name of names) {
      add(name);
      // What changed before the start is not known any more: to who asks, everything did.
      announce(name, 'updated');
    }
  }

  // The memory adapter loses what it closes.
  const idle = options.adapter === 'memory' ? Number.POSITIVE_INFINITY : options.idleMilliseconds;
  const sweep = setInterval(
    () => {
      for (const database of databases.values()) database.closeIfIdle(idle).catch(() => undefined);
    },
    Math.max(1000, options.idleMilliseconds / 4),
  );
  sweep.unref();

  return {
    list() {
      const names = [...databases.keys()];
      names.sort();
      return names;
    },
    has: (name) => databases.has(name),
    get(name) {
      const database = databases.get(name);
      if (!database) throw notFound('Database does not exist.');
      return database;
    },
    create: (name) =>
      lockOf(name).run(async () => {
        if (databases.has(name)) {
          throw new CouchError(
            412,
            'file_exists',
            'The database could not be created, the file already exists.',
          );
        }
        const database = add(name);
        try {
          await database.settings();
        } catch (error) {
          databases.delete(name);
          throw error;
        }
        announce(name, 'created');
        return database;
      }),
    remove: (name) =>
      lockOf(name).run(async () => {
        const database = databases.get(name);
        if (!database) throw notFound('Database does not exist.');
        databases.delete(name);
        try {
          await database.destroy();
        } catch (error) {
          add(name);
          throw error;
        }
        announce(name, 'deleted');
      }),
    onUpdate(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    updateSequence: () => sequence,
    updatesSince: (since) => [...latest.values()].filter((update) => update.seq > since),
    async close() {
      clearInterval(sweep);
      await Promise.all([...databases.values()].map((database) => database.close()));
    },
  };
}
