import { setTimeout as wait } from 'node:timers/promises';
import { result } from './callbacks.ts';
import { notFound } from './couch-error.ts';
import { createMutex } from './mutex.ts';
import type { CachedViews, createStorage, StorageHandle } from './storage.ts';
import type { SecurityObject } from './user-context.ts';

export const defaultRevsLimit = 1000;
/** Milliseconds that closing waits for work in flight. */
const longestWait = 10_000;
const settingsId = '_local/_security';
const adminsOnly: SecurityObject = { members: { roles: ['_admin'] }, admins: { roles: ['_admin'] } };

interface Settings {
  security: SecurityObject;
  revsLimit: number;
}

/** One database: opened when used, closed when idle, with one writer at a time. */
export interface Database {
  readonly name: string;
  /** Runs work on the open storage; it is not closed meanwhile. */
  use<T>(work: (handle: StorageHandle) => Promise<T>): Promise<T>;
  /** Like `use`, with no other writer at the same time. */
  write<T>(work: (handle: StorageHandle) => Promise<T>): Promise<T>;
  settings(): Promise<Settings>;
  saveSettings(change: Partial<Settings>): Promise<void>;
  /** Bytes on disk. */
  size(): Promise<number>;
  /** The update sequence; grows with every document written. */
  sequence(): Promise<number>;
  /** Tells listeners that something was written. */
  announce(handle: StorageHandle): Promise<void>;
  onWrite(listener: (sequence: number) => void): () => void;
  onDelete(listener: () => void): () => void;
  closeIfIdle(idleMilliseconds: number): Promise<void>;
  /** Waits a while for work in flight. */
  close(): Promise<void>;
  /** Refuses new work, ends feeds, waits for the work in flight and deletes everything. */
  destroy(): Promise<void>;
}

/** Closing a PouchDB leaves the databases of its views open. */
async function closeHandle(handle: StorageHandle & CachedViews): Promise<void> {
  for (const view of Object.values(handle._cachedViews ?? {})) {
    const opened = await view.catch(() => null);
    await opened?.db.close().catch(() => undefined);
  }
  await handle.close();
}

export function createDatabase(options: {
  name: string;
  storage: ReturnType<typeof createStorage>;
}): Database {
  const { name, storage } = options;
  const lock = createMutex();
  const writeListeners = new Set<(sequence: number) => void>();
  const deleteListeners = new Set<() => void>();
  let opening: Promise<StorageHandle> | null = null;
  let closing: Promise<void> | undefined;
  let users = 0;
  const whenUnused: (() => void)[] = [];
  let lastUse = Date.now();
  let destroyed = false;
  let announcing = false;
  let settings: Settings | null = null;
  let sequence: number | null = null;

  async function open(): Promise<StorageHandle> {
    if (closing) await closing;
    let handle = await storage.open(name, { revsLimit: settings?.revsLimit ?? defaultRevsLimit });
    if (!settings) {
      const stored = (await result<Record<string, unknown>>((done) =>
        handle._getLocal(settingsId, done),
      ).catch(() => null)) as Settings | null;
      settings = {
        security: stored?.security ?? adminsOnly,
        revsLimit: stored?.revsLimit ?? defaultRevsLimit,
      };
      if (settings.revsLimit !== defaultRevsLimit) handle = await storage.open(name, settings);
    }
    sequence = Number((await handle.info()).update_seq);
    return handle;
  }

  async function use<T>(work: (handle: StorageHandle) => Promise<T>): Promise<T> {
    if (destroyed) throw notFound('no_db_file');
    users += 1;
    try {
      opening ??= open();
      const handle = await opening.catch((error: unknown) => {
        opening = null;
        throw error;
      });
      return await work(handle);
    } finally {
      users -= 1;
      lastUse = Date.now();
      if (users === 0) for (const resume of whenUnused.splice(0)) resume();
    }
  }

  /** PouchDB never answers a read or an index build whose storage is closed under it. */
  async function unused(): Promise<void> {
    if (users > 0) await new Promise<void>((resolve) => whenUnused.push(resolve));
  }

  const write: Database['write'] = (work) => use((handle) => lock.run(() => work(handle)));

  /** The writer gets its answer before hundreds of feeds wake; writes in between wake them once. */
  function announceSoon(): void {
    if (announcing) return;
    announcing = true;
    setImmediate(() => {
      announcing = false;
      for (const listener of writeListeners) listener(sequence as number);
    });
  }

  async function loadedSettings(): Promise<Settings> {
    if (!settings) await use(() => Promise.resolve());
    return settings as unknown as Settings;
  }

  /** A second handle on the same store: PouchDB fixes the limit when it opens. Indexes are closed with it. */
  async function reopen(handle: StorageHandle & CachedViews, next: Settings): Promise<StorageHandle> {
    const reopened: StorageHandle & CachedViews = await storage.open(name, next);
    reopened._cachedViews = handle._cachedViews ??= {};
    return reopened;
  }

  async function saveSettings(change: Partial<Settings>): Promise<void> {
    await loadedSettings();
    await write(async (handle) => {
      const next = { ...(settings as Settings), ...change };
      const stored = await result<Record<string, unknown>>((done) =>
        handle._getLocal(settingsId, done),
      ).catch(() => null);
      const rev = stored ? { _rev: stored._rev } : {};
      await result((done) => handle._putLocal({ _id: settingsId, ...rev, ...next }, done));
      if (next.revsLimit !== settings?.revsLimit) opening = reopen(handle, next);
      settings = next;
    });
  }

  async function close(): Promise<void> {
    // Without a pause where it is idle, or work could begin on what is about to close.
    if (users > 0) await Promise.race([unused(), wait(longestWait, undefined, { ref: false })]);
    if (!opening) return await closing;
    closing = opening.then(closeHandle, () => undefined);
    opening = null;
    try {
      await closing;
    } finally {
      closing = undefined;
    }
  }

  return {
    name,
    use,
    write,
    settings: loadedSettings,
    size: () => storage.size(name),
    saveSettings,
    sequence: async () => {
      if (sequence === null) await use(() => Promise.resolve());
      return sequence as unknown as number;
    },
    announce: async (handle) => {
      sequence = Number((await handle.info()).update_seq);
      announceSoon();
    },
    onWrite: (listener) => {
      writeListeners.add(listener);
      return () => writeListeners.delete(listener);
    },
    onDelete: (listener) => {
      deleteListeners.add(listener);
      return () => deleteListeners.delete(listener);
    },
    closeIfIdle: async (idle) => {
      if (opening && users === 0 && Date.now() - lastUse >= idle) await close();
    },
    close,
    destroy: async () => {
      destroyed = true;
      for (const listener of deleteListeners) listener();
      await unused();
      await close();
      await storage.remove(name);
    },
  };
}
