import memory from 'pouchdb-adapter-memory';
import type { Environment, Locks, PouchAdapter, TabChannel } from '../../client-sync/index.ts';

/** Locks and channels as the tabs of one origin share them; each tab gets an environment of its own. */
export interface Origin {
  openTab(overrides?: Partial<Environment>): Partial<Environment>;
}

function createLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async request(name, { signal }, hold) {
      const before = tails.get(name) ?? Promise.resolve();
      let release = () => {};
      const turn = new Promise<void>((resolve) => {
        release = resolve;
      });
      tails.set(
        name,
        before.then(() => turn),
      );
      try {
        await before;
        signal?.throwIfAborted();
        return await hold();
      } finally {
        release();
      }
    },
  };
}

export function createOrigin(): Origin {
  const locks = createLocks();
  const listeners = new Map<string, Set<{ owner: object; hear(message: unknown): void }>>();
  const openChannel = (name: string): TabChannel => {
    const owner = {};
    const all = listeners.get(name) ?? new Set();
    listeners.set(name, all);
    return {
      post(message) {
        const copy: unknown = structuredClone(message);
        for (const listener of all) if (listener.owner !== owner) queueMicrotask(() => listener.hear(copy));
      },
      onMessage: (hear) => void all.add({ owner, hear }),
      close() {
        for (const listener of all) if (listener.owner === owner) all.delete(listener);
      },
    };
  };
  return { openTab: (overrides) => ({ locks, openChannel, ...overrides }) };
}

interface LevelDatabase {
  _close(callback: () => void): void;
}
type AdapterFunction = (this: LevelDatabase, options: object, callback: (error?: unknown) => void) => void;
interface PluggablePouch {
  adapters: Record<string, AdapterFunction & { valid(): boolean; use_prefix: boolean }>;
  adapter(name: string, adapter: AdapterFunction, isPreferred: boolean): void;
}

/** Memory databases that stay open when a tab closes its own: tabs in Node would end each other's otherwise. */
export function sharedMemory(): PouchAdapter {
  const plugin = (Pouch: PluggablePouch) => {
    (memory as unknown as (pouch: PluggablePouch) => void)(Pouch);
    const original = Pouch.adapters.memory;
    if (!original) throw new Error('The memory adapter is missing.');
    const shared: AdapterFunction = function shared(options, callback) {
      original.call(this, options, callback);
      this._close = (done) => done();
    };
    Pouch.adapter('shared-memory', Object.assign(shared, { valid: () => true, use_prefix: false }), false);
  };
  return { name: 'shared-memory', plugin };
}
