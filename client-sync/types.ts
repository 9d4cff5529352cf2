import type { Flow as StoredFlow, FlowInput } from '../flow/index.ts';
import type { FlowDocument } from '../schema/index.ts';
import type { ConflictsApi } from './conflict-types.ts';
import type { Environment, KeyValueStore } from './environment.ts';
import type { ExecutionsApi } from './execution-types.ts';
import type { PouchAdapter } from './pouch/open-pouch.ts';
import type { FlowSharing, Notice, NoticesApi, SpacesApi } from './space-types.ts';
import type { SyncStatus } from './status/sync-status.ts';

/** A flow as applications see it: its id, the space it is in, and the revision it was read at. */
export type Flow = StoredFlow & { spaceId: string };

/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

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

export interface User {
  id: string;
  email: string;
  name?: string;
  roles: string[];
}

/** `signed-out` means that the session ended by itself: the user's local data stays readable and writable. */
export interface Account {
  user: User;
  state: 'signed-in' | 'signed-out';
}

export interface AccountApi {
  /** Who is (or was last) signed in here, or null before any account. Stable between changes. */
  current: () => Account | null;
  /** Makes an account, signs in, and adopts what was made here before. */
  register: (input: { email: string; password: string; name?: string }) => Promise<Account>;
  /** Signs in; local data from before any account is adopted once, by the first account. */
  signIn: (input: { email: string; password: string }) => Promise<Account>;
  /** Pushes what is pending, ends the session and removes the user's local data. Rejects with UnpushedChangesError. */
  signOut: (options?: { discardUnpushed?: boolean }) => Promise<void>;
  subscribe: (listener: (account: Account | null) => void) => Unsubscribe;
}

export interface FlowQuery {
  /** Words that must all occur in name, description, tags, category, author, readme or node labels. */
  search?: string;
  /** All of these tags. */
  tags?: string[];
  category?: string;
  status?: Flow['status'];
  /** Default `updated`; with `search`, relevance comes first unless this is set. */
  sort?: 'updated' | 'created' | 'name';
  /** Default `desc` for times and `asc` for names. */
  order?: 'asc' | 'desc';
  /** Default 100. */
  limit?: number;
  offset?: number;
  /** Lists the softly deleted flows instead. */
  deleted?: boolean;
  /** Only the flows of this space. */
  spaceId?: string;
}

export interface FlowListResult {
  flows: Flow[];
  /** How many match, whatever `limit` says. */
  total: number;
}

/**
 * What `save` takes: a whole flow, or for an existing id only the fields to change; null clears a field. With a
 * `revision` that is no longer the newest, changes of other fields are combined and changes of the same fields are
 * kept side by side as a conflict. `spaceId` says where a new flow is made, by default in the personal space; a flow
 * that is there already stays where it is.
 */
export type FlowChange = Partial<FlowInput> & { id?: string; revision?: string; spaceId?: string };

export type AutosaveState = 'idle' | 'saving' | 'saved' | 'error';

export interface Autosave {
  /** Notes a change; it is written when nothing has changed for two seconds. Nothing is written for an unsaved flow. */
  change: (patch: Omit<FlowChange, 'id' | 'revision' | 'spaceId'>) => void;
  /** Writes now what is waiting; rejects where that fails. */
  flush: () => Promise<void>;
  state: () => AutosaveState;
  subscribe: (listener: (state: AutosaveState, error?: Error) => void) => Unsubscribe;
  /** Writes what is waiting and stops. */
  close: () => Promise<void>;
}

export interface FlowsApi extends FlowSharing {
  /**
   * Creates or changes a flow, in whichever open space it is. Writes nothing where nothing changed; unknown fields stay
   * as they are. Rejects with `read_only` where the user only reads.
   */
  save: (input: FlowChange) => Promise<Flow>;
  get: (id: string) => Promise<Flow | null>;
  list: (query?: FlowQuery) => Promise<FlowListResult>;
  /** Calls back with the list now and after every change of it, from here, other tabs or the server. */
  watch: (query: FlowQuery, listener: (result: FlowListResult) => void) => Unsubscribe;
  watchOne: (id: string, listener: (flow: Flow | null) => void) => Unsubscribe;
  /** Deletes softly: the flow leaves the list and can be restored. */
  remove: (id: string) => Promise<Flow>;
  restore: (id: string) => Promise<Flow>;
  autosave: (id: string) => Autosave;
}

export interface FlowVersion {
  id: string;
  flowId: string;
  /** The flow as it was. */
  flow: Flow;
}

export interface VersionsApi {
  /** Keeps the flow as it is now. The same content is kept once. */
  save: (flowId: string, options?: { changes?: string }) => Promise<FlowVersion>;
  /** Newest first. */
  list: (flowId: string) => Promise<FlowVersion[]>;
  /** Makes a version the flow again; what it replaces becomes a version first. */
  restore: (flowId: string, versionId: string) => Promise<Flow>;
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

export interface RefusedApi {
  list: () => Promise<RefusedDocument[]>;
  /** Offers the document again; resolves to whether it was taken. An edit offers it again by itself. */
  retry: (docId: string) => Promise<boolean>;
  /** Gives the local changes up: takes the server's state of the document, or removes it where the server has none. */
  discard: (docId: string) => Promise<void>;
  subscribe: (listener: (refused: RefusedDocument[]) => void) => Unsubscribe;
}

export interface Device {
  id: string;
  name: string;
  /** Whether it is this browser. */
  current: boolean;
  /** As the server recorded it; absent offline. */
  lastSyncAt?: string;
}

export interface DevicesApi {
  list: () => Promise<Device[]>;
  /** Renames this browser. */
  rename: (name: string) => Promise<Device>;
  current: () => Device;
}

/** What bytes belong to: they are stored beside it, for those who may see it. */
export interface AssetOwner {
  flowId?: string;
  executionId?: string;
}

/** Thumbnails and other large things beside documents: sent like documents, and fetched only when they are needed. */
export interface AssetsApi {
  /**
   * Keeps bytes and resolves to their name, `asset:<sha256>`, for a document to hold. Without an owner they are the
   * user's own. Rejects with `read_only` where the user only reads.
   */
  put: (blob: Blob, owner?: AssetOwner) => Promise<string>;
  /** The bytes: of this device, else of the server; null where neither has them. The owner tells where to look first. */
  get: (id: string, owner?: AssetOwner) => Promise<Blob | null>;
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

export interface SettingsApi {
  get: () => Promise<SyncSettings>;
  /** Changes what is given and leaves the rest; null takes a choice back. Applies at once, here and elsewhere. */
  update: (change: { [Field in keyof SyncSettings]?: SyncSettings[Field] | null }) => Promise<SyncSettings>;
  /** Calls back now and after every change. */
  subscribe: (listener: (settings: SyncSettings) => void) => Unsubscribe;
}

export interface StatusApi {
  /** Stable between changes. */
  get: () => SyncStatus;
  /** Calls back now and after every change. */
  subscribe: (listener: (status: SyncStatus) => void) => Unsubscribe;
}

export interface SyncApi {
  /** Pushes and pulls everything now, from any tab; rejects with OfflineError or SignedOutError. */
  now: () => Promise<void>;
  pause: () => void;
  resume: () => void;
}

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

export type { FlowDocument, FlowInput, Notice };
