import type { Session } from '../account/session-store.ts';
import type { KeyValueStore } from '../environment.ts';
import { openKeyDatabase, type KeyDatabase } from './key-database.ts';

/** A page's storage that a service worker can read, and whose session the worker may renew. */
export interface SharedStorage extends KeyValueStore {
  /** Takes over tokens that a worker has renewed meanwhile. */
  recall: () => Promise<void>;
  close: () => void;
}

export const keyDatabaseName = (scope: string) => `${scope}:keys`;

const sessionKey = (scope: string) => `${scope}:session`;

/** The same storage, with a copy of all that is used of it in IndexedDB. Without IndexedDB, the storage alone. */
export async function shareStorage(storage: KeyValueStore, scope: string): Promise<SharedStorage> {
  const database = await openKeyDatabase(keyDatabaseName(scope)).catch(() => null);
  if (!database) return Object.assign(passOn(storage), { recall: async () => {}, close: () => {} });
  const copied = await database.all().catch(() => new Map<string, string>());
  const copy = (key: string, value: string | null) => {
    if ((copied.get(key) ?? null) === value) return;
    if (value === null) copied.delete(key);
    else copied.set(key, value);
    // A worker without it does nothing, and the page goes on alone.
    database.write(key, value).catch(() => {});
  };
  const recall = () => takeNewerSession(storage, database, sessionKey(scope));
  await recall();
  return {
    getItem(key) {
      const value = storage.getItem(key);
      copy(key, value);
      return value;
    },
    setItem(key, value) {
      storage.setItem(key, value);
      copy(key, value);
    },
    removeItem(key) {
      storage.removeItem(key);
      copy(key, null);
    },
    async recall() {
      await recall();
      const session = storage.getItem(sessionKey(scope));
      if (session !== null) copied.set(sessionKey(scope), session);
    },
    close: () => database.close(),
  };
}

function passOn(storage: KeyValueStore): KeyValueStore {
  return {
    getItem: (key) => storage.getItem(key),
    setItem: (key, value) => storage.setItem(key, value),
    removeItem: (key) => storage.removeItem(key),
  };
}

/** Of the same person's tokens the newer ones; a session that a page has ended stays ended. */
async function takeNewerSession(storage: KeyValueStore, database: KeyDatabase, key: string): Promise<void> {
  const copied = (await database.all().catch(() => new Map<string, string>())).get(key);
  const [mine, theirs] = [parse(storage.getItem(key)), parse(copied ?? null)];
  if (!mine?.tokens || !theirs?.tokens || mine.user.id !== theirs.user.id) return;
  if (theirs.tokens.renewAt > mine.tokens.renewAt) storage.setItem(key, copied as string);
}

function parse(text: string | null): Session | null {
  try {
    return JSON.parse(text ?? 'null') as Session | null;
  } catch {
    return null;
  }
}

/** What a worker keeps: read once, and written through; `flush` waits until all of it is stored. */
export async function openWorkerStorage(
  scope: string,
): Promise<KeyValueStore & { flush: () => Promise<void> }> {
  const database = await openKeyDatabase(keyDatabaseName(scope));
  const values = await database.all();
  let writing: Promise<unknown> = Promise.resolve();
  const write = (key: string, value: string | null) => {
    if (value === null) values.delete(key);
    else values.set(key, value);
    writing = database.write(key, value);
    writing.catch(() => {});
  };
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: write,
    removeItem: (key) => write(key, null),
    async flush() {
      await writing;
      database.close();
    },
  };
}
