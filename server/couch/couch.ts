import type nano from 'nano';
import type { LeafDocument, LeavesOptions } from './read-leaves.ts';
import type { FollowDatabaseUpdatesOptions } from './follow-database-updates.ts';

export type DatabaseKind = 'space' | 'runs' | 'accounts' | 'directory' | 'server';

/** Whose rights a request to the engine carries. */
export interface EnginePrincipal {
  userId: string;
  roles: string[];
}

export interface DocumentChange {
  id: string;
  /** The sequence to resume from. */
  seq: string;
  /** The winning revision, absent where it is a deletion. */
  doc?: Record<string, unknown>;
  deleted?: boolean;
}

export interface FollowOptions {
  /** A sequence, `0` for everything, or `now` (the default). */
  since?: string;
  signal: AbortSignal;
  onChange(change: DocumentChange): void;
  /** True while every change up to now has been reported, false as soon as the feed breaks. */
  onState?(fresh: boolean): void;
}

export interface RollOutProgress {
  done: number;
  total: number;
  database: string;
}

export interface RollOutReport {
  total: number;
  updated: string[];
  /** Databases whose design document is newer than this server's: left alone. */
  newer: string[];
  failed: { database: string; reason: string }[];
}

export interface RollOutOptions {
  signal?: AbortSignal;
  /** Databases at once; 4 by default. */
  concurrency?: number;
  onProgress?(progress: RollOutProgress): void;
}

/** The engine's server, as checked when connecting. */
export interface EngineServer {
  version: string;
  vendor: 'couchdb' | 'embedded';
  /** The engine's clock minus ours, in milliseconds, to the second. */
  clockDifference: number;
}

/** Everything Settee does with its engine, embedded or CouchDB. Database names are whole, prefix included. */
export interface Couch {
  /** `http://host:port` (and path) without credentials and without a slash at the end. */
  readonly origin: string;
  readonly prefix: string;
  readonly server: EngineServer;
  /** A database with the server's own rights. */
  admin<D>(database: string): nano.DocumentScope<D>;
  /** A database with one user's rights: every request carries a fresh engine token. */
  as<D>(database: string, principal: EnginePrincipal): nano.DocumentScope<D>;
  /** A token for `Authorization: Bearer`, cached, good for 20 s at least and 60 s at most. */
  engineToken(principal: EnginePrincipal): Promise<string>;
  /** Makes a database with its security and design document, and completes a half-made one. */
  createDatabase(name: string, kind: DatabaseKind, spaceId?: string): Promise<'created' | 'exists'>;
  /** Does nothing where the database is gone already. */
  deleteDatabase(name: string): Promise<void>;
  exists(name: string): Promise<boolean>;
  /** The databases of this deployment (its prefix, Settee's own names), sorted; both keys inclusive. */
  databases(options?: { startKey?: string; endKey?: string }): Promise<string[]>;
  /** Every leaf of every document, with its ancestry and attachments; holds one page at a time. */
  readLeaves(options: Omit<LeavesOptions, 'http'>): AsyncGenerator<LeafDocument>;
  /** Reports changes until the signal aborts, reconnecting with backoff. */
  follow(database: string, options: FollowOptions): void;
  /** Reports which databases of this deployment are written, by whomever, until the signal aborts. */
  followDatabaseUpdates(options: FollowDatabaseUpdatesOptions): void;
  /** Brings the newest design document into every database; never downgrades one. */
  rollOut(options?: RollOutOptions): Promise<RollOutReport>;
  close(): Promise<void>;
}
