import type { FewLeaves } from '../bootstrap/few-leaves.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { DatabaseRef, Direction, SyncEvent } from '../status/sync-facts.ts';
import type { Sequence } from './checkpoint.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { Recovery } from './recovery.ts';
import type { RemoteDatabase } from './remote-database.ts';
import type { Scheduler } from './scheduler.ts';

/** Sync of one local database, in one-shot replications. */
export interface DatabaseSync extends DatabaseRef {
  pending: PendingChanges;
  /** Transfers all there is in one direction; rejects where that fails, and tries again later. */
  run: (direction: Direction) => Promise<void>;
  /** Pushes and pulls, and writes down how far that went. */
  runBoth: () => Promise<void>;
  /** The server says that something was written: pulls, and again a little later where nothing is seen yet. */
  ring: () => void;
  /** Tries now what has failed, whatever pause there is. */
  retry: () => void;
  /** Whether plain live replication takes the place of one-shots. */
  setLive: (isLive: boolean) => void;
  close: () => Promise<void>;
}

export interface DatabaseSyncOptions {
  ref: DatabaseRef;
  local: Pouch;
  /** The server's database, or null where there is none and nothing that would need one. */
  open: (pending: PendingChanges, arrival: Arrival, signal: AbortSignal) => Promise<RemoteDatabase | null>;
  /** Fills the local database before its first pull. */
  fill: (filling: Filling) => Promise<unknown>;
  /** What has changed since a sequence, where one request can give it; null where not. */
  few: (asked: { remote: RemoteDatabase; since: Sequence; signal: AbortSignal }) => Promise<FewLeaves | null>;
  scheduler: Scheduler;
  /** For what takes long in one step, so that it holds up no edits. */
  fillScheduler: Scheduler;
  /** Whether edits are sent without being asked for, and how many milliseconds they gather. */
  gatherMilliseconds: () => number | null;
  /** Whether what was made here is sent without asking first; not for those who may write nothing. */
  maySendUnasked: () => boolean;
  pauseAfter: (failures: number) => number;
  /** Cuts pauses short when the server is heard again. */
  recovery: Recovery;
  /** How long the server has asked to be left alone. */
  busyMilliseconds: () => number;
  iso: () => string;
  dispatch: (event: SyncEvent) => void;
  onFailure: (error: unknown, direction: Direction) => void;
  /** A pull that began after the last push has passed, and nothing waits. */
  onSettled: (pushedThrough: number) => void;
}

export interface Filling {
  local: Pouch;
  remote: RemoteDatabase;
  onArrival: Arrival;
  onProgress: (progress: { documents: number; pending: number }) => void;
  signal: AbortSignal;
}

export type Arrival = (docId: string, revision: string) => void;
