import type { Unsubscribe } from './signal.ts';
import type { SyncStatus } from './status/sync-status.ts';

/** What sync does at the moment. */
export interface StatusApi {
  /** Stable between changes. */
  get: () => SyncStatus;
  /** Calls back now and after every change. */
  subscribe: (listener: (status: SyncStatus) => void) => Unsubscribe;
}

/** Sync on demand, and its pause in all tabs. */
export interface SyncApi {
  /** Pushes and pulls everything now, from any tab; rejects with OfflineError or SignedOutError. */
  now: () => Promise<void>;
  pause: () => void;
  resume: () => void;
}

/** How a user wants to sync; what is missing stands for the first of the choices. */
export interface SyncSettings {
  /** At once, every `intervalSeconds` (default 300), or only by `sync.now()`. */
  frequency?: 'live' | 'interval' | 'manual';
  intervalSeconds?: number;
  /** `unmetered` syncs only where the browser does not say that the network costs. */
  network?: 'any' | 'unmetered';
  /** What happens to conflicts, by document type (`flow`, `execution`, `device`, `settings`). */
  conflicts?: Record<string, 'merge' | 'last-write-wins' | 'ask'>;
  spaces?: { exclude?: string[]; include?: 'templates'[] };
  /** Months of runs that are kept here, this one among them; default 2. */
  months?: number;
  [field: string]: unknown;
}

/** The user's sync settings, the same on every device. */
export interface SettingsApi {
  get: () => Promise<SyncSettings>;
  /** Changes what is given and leaves the rest; null takes a choice back. Applies at once, here and elsewhere. */
  update: (change: { [Field in keyof SyncSettings]?: SyncSettings[Field] | null }) => Promise<SyncSettings>;
  /** Calls back now and after every change. */
  subscribe: (listener: (settings: SyncSettings) => void) => Unsubscribe;
}

/** A document that the server does not take. It stays on this device, and does not hold up others. */
export interface RefusedDocument {
  docId: string;
  revision: string;
  reason: string;
  /** ISO time of the last refusal. */
  at: string;
  /** The space that it was refused in. */
  spaceId: string;
}

/** What to do about documents that the server does not take. */
export interface RefusedApi {
  list: () => Promise<RefusedDocument[]>;
  /** Offers the document again; resolves to whether it was taken. An edit offers it again by itself. */
  retry: (docId: string) => Promise<boolean>;
  /** Gives the local changes up: takes the server's state of the document, or removes it where the server has none. */
  discard: (docId: string) => Promise<void>;
  subscribe: (listener: (refused: RefusedDocument[]) => void) => Unsubscribe;
}
