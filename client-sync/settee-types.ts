import type { AccountApi } from './account-types.ts';
import type { AssetsApi } from './asset-types.ts';
import type { ConflictsApi } from './conflict-types.ts';
import type { DevicesApi } from './device-types.ts';
import type { Environment, KeyValueStore } from './environment.ts';
import type { ExecutionsApi } from './execution-types.ts';
import type { FlowsApi, VersionsApi } from './flow-types.ts';
import type { PouchAdapter } from './pouch/open-pouch.ts';
import type { NoticesApi, SpacesApi } from './space-types.ts';
import type { RefusedApi, SettingsApi, StatusApi, SyncApi } from './sync-types.ts';

/** How to make a Settee; only `url` is needed. */
export interface SetteeOptions {
  /** Origin of the server, `https://flows.example.org`; a path prefix is allowed. */
  url: string;
  /** First part of the local databases' names, for several independent Settees on one origin. Default `settee`. */
  name?: string;
  /** Where documents live: `idb` in browsers (default there), `memory` (default elsewhere), or a PouchDB adapter. */
  adapter?: 'idb' | 'memory' | PouchAdapter;
  /** Replaces the platform's `fetch`, for tests and for applications that route requests themselves. */
  fetch?: typeof fetch;
  /** Keeps session and device between visits. Default `localStorage`, else memory. */
  storage?: KeyValueStore;
  /** Quiet time before an autosave, default 2000. */
  autosaveMilliseconds?: number;
  /** How often executions are pulled while the page is visible, default 60 000. */
  runsPullMilliseconds?: number;
  /** `manual` syncs only by `sync.now()`, whatever the user's settings say. Default `automatic`. */
  sync?: 'automatic' | 'manual';
  /** Keeps the session also in IndexedDB, where `syncOnce` finds it in a service worker. Default false. */
  backgroundSync?: boolean;
  device?: { /** Shown in the list of devices; default is made of browser and system. */ name?: string };
  /** Parts of the outside world to replace: locks, tabs, network state, clock, randomness. For tests. */
  environment?: Partial<Environment>;
}

/** What an import brought in, and what it did not. */
export interface ImportReport {
  imported: number;
  /** Already here with the same content. */
  skipped: number;
  /** Flows whose other content was kept as a version, because what is here is newer. */
  versions: number;
  failed: { id?: string; name?: string; reason: string }[];
}

/** Flows, runs and their sync in one browser. Everything works without a network and before any account. */
export interface Settee {
  account: AccountApi;
  flows: FlowsApi;
  versions: VersionsApi;
  executions: ExecutionsApi;
  spaces: SpacesApi;
  notices: NoticesApi;
  assets: AssetsApi;
  conflicts: ConflictsApi;
  refused: RefusedApi;
  devices: DevicesApi;
  settings: SettingsApi;
  status: StatusApi;
  sync: SyncApi;
  /**
   * Takes over what a Dexie-based application exports: the object, its JSON text, or a file read as text. Can be run
   * again; ids are kept, and nothing here is lost: the newer of two flows shows and the other becomes a version.
   */
  importBackup: (backup: unknown) => Promise<ImportReport>;
  /** Stops sync and closes the local databases; waiting autosaves are written first. Rejects where one could not be. */
  close: () => Promise<void>;
}
