/** The part of `localStorage` that client-sync uses. */
export interface KeyValueStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface LockOptions {
  signal?: AbortSignal;
  /** `shared`: with others that share it; default `exclusive`. */
  mode?: 'exclusive' | 'shared';
}

/** The part of the Web Locks API that client-sync uses; a lock is shared by all tabs of an origin. */
export interface Locks {
  request<T>(name: string, options: LockOptions, hold: () => Promise<T>): Promise<T>;
}

/** Messages between the tabs of an origin; a sender does not hear itself. */
export interface TabChannel {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  close(): void;
}

export type EnvironmentChange = 'online' | 'offline' | 'visible' | 'hidden' | 'focus' | 'connection';

/** The outside world, so that tests can have one of their own. */
export interface Environment {
  /** Null where the platform has none: then only the visible tab syncs. */
  locks: Locks | null;
  openChannel(name: string): TabChannel | null;
  isOnline(): boolean;
  isVisible(): boolean;
  /** Whether the network is known to cost, or the person asked to save data; false where the browser cannot tell. */
  isMetered(): boolean;
  /** Calls back when the network or the page's visibility changes, or the page gets the focus. */
  onChange(listener: (change: EnvironmentChange) => void): () => void;
  /** Asks the browser not to evict this origin's data. */
  persistStorage(): Promise<boolean>;
  now(): number;
  /** From 0 to below 1. */
  random(): number;
}

function listenToPage(listener: (change: EnvironmentChange) => void): () => void {
  if (typeof window === 'undefined') return () => {};
  const ending = new AbortController();
  const { signal } = ending;
  window.addEventListener('online', () => listener('online'), { signal });
  window.addEventListener('offline', () => listener('offline'), { signal });
  window.addEventListener('focus', () => listener('focus'), { signal });
  document.addEventListener('visibilitychange', () => listener(document.visibilityState), { signal });
  connection()?.addEventListener('change', () => listener('connection'), { signal });
  return () => ending.abort();
}

/** The Network Information API, which few browsers have. */
interface NetworkInformation extends EventTarget {
  type?: string;
  saveData?: boolean;
}

function connection(): NetworkInformation | undefined {
  return typeof navigator === 'undefined'
    ? undefined
    : (navigator as { connection?: NetworkInformation }).connection;
}

function isMetered(): boolean {
  const { type, saveData } = connection() ?? {};
  return saveData === true || type === 'cellular';
}

/** In a page or one of its workers. */
function isBrowser(): boolean {
  return typeof window !== 'undefined' || 'WorkerGlobalScope' in globalThis;
}

function openBroadcast(name: string): TabChannel | null {
  if (!isBrowser() || typeof BroadcastChannel === 'undefined') return null;
  const channel = new BroadcastChannel(name);
  return {
    post: channel.postMessage.bind(channel),
    onMessage: (listener) => channel.addEventListener('message', ({ data }) => listener(data)),
    close: () => channel.close(),
  };
}

/** The world as browsers have it; outside of them there is one tab, visible, and only the network's word counts. */
export function platformEnvironment(): Environment {
  const page = typeof window === 'undefined' ? null : window;
  const locks = isBrowser() ? (navigator as { locks?: LockManager }).locks : undefined;
  return {
    locks: locks ? { request: (name, options, hold) => locks.request(name, options, hold) } : null,
    openChannel: openBroadcast,
    isOnline: () => !isBrowser() || navigator.onLine,
    isVisible: () => page === null || document.visibilityState === 'visible',
    isMetered,
    onChange: listenToPage,
    persistStorage: async () => (await page?.navigator.storage?.persist?.()) ?? false,
    now: () => Date.now(),
    random: () => Math.random(),
  };
}

function memoryStore(): KeyValueStore {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

/**
 * The same storage, and the page's memory for what it does not take: a token that was renewed and not kept would end
 * the session.
 */
export function forgivingStorage(storage: KeyValueStore): KeyValueStore {
  const kept = new Map<string, string>();
  const tell = (key: string, change: () => void): boolean => {
    try {
      change();
      kept.delete(key);
      return true;
    } catch {
      return false;
    }
  };
  return {
    getItem(key) {
      try {
        return kept.get(key) ?? storage.getItem(key);
      } catch {
        return null;
      }
    },
    setItem(key, value) {
      if (tell(key, () => storage.setItem(key, value))) return;
      // What stands there is out of date; without it there may be room.
      tell(key, () => storage.removeItem(key));
      if (!tell(key, () => storage.setItem(key, value))) kept.set(key, value);
    },
    removeItem(key) {
      kept.delete(key);
      tell(key, () => storage.removeItem(key));
    },
  };
}

/** `localStorage` where it may be used, else a store that forgets at the end of the page. */
export function platformStorage(): KeyValueStore {
  try {
    if (typeof window !== 'undefined') {
      window.localStorage.getItem('settee');
      return window.localStorage;
    }
  } catch {
    // Blocked by the person's settings.
  }
  return memoryStore();
}
