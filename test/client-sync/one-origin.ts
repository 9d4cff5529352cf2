import memory from 'pouchdb-adapter-memory';
import type { Environment, Locks, PouchAdapter, TabChannel } from '../../client-sync/index.ts';

/** Locks and channels as the tabs of one origin share them; each tab gets an environment of its own. */
export interface Origin {
  openTab(overrides?: Partial<Environment>): Partial<Environment>;
}

interface Turn {
  isShared: boolean;
  isHeld: boolean;
  begin: () => void;
}

/** Lets in whoever stands first, and with him who shares. */
function admit(line: Turn[]): void {
  for (const [place, turn] of line.entries()) {
    const isFree = place === 0 || (turn.isShared && line.slice(0, place).every(({ isShared }) => isShared));
    if (!isFree) return;
    if (turn.isHeld) continue;
    turn.isHeld = true;
    turn.begin();
  }
}

function createLocks(): Locks {
  const lines = new Map<string, Turn[]>();
  return {
    async request(name, { signal, mode }, hold) {
      const line = lines.get(name) ?? [];
      lines.set(name, line);
      const turn: Turn = { isShared: mode === 'shared', isHeld: false, begin: () => {} };
      const leave = () => {
        line.splice(line.indexOf(turn), 1);
        admit(line);
      };
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        turn.begin = resolve;
        signal?.addEventListener('abort', () => {
          if (turn.isHeld) return;
          leave();
          reject(signal.reason as Error);
        });
        line.push(turn);
        admit(line);
      });
      return hold().finally(leave);
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
