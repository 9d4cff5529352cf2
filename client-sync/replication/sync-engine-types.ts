import type { RetryAfter } from '../account/retry-after.ts';
import type { ServerClock } from '../account/server-clock.ts';
import type { Environment } from '../environment.ts';
import type { LiveEvent } from '../live/live-event.ts';
import type { LiveStream, StreamState } from '../live/stream.ts';
import type { SyncEvent } from '../status/sync-facts.ts';
import type { SpaceWorkspace, Workspace } from '../workspace.ts';
import type { DatabaseSyncOptions } from './database-sync-types.ts';
import type { Pace } from './pace.ts';
import type { ServerAccess } from './server-access.ts';

/** Sync of all that is open, in the one tab that does it. */
export interface SyncEngine {
  /** Pushes and pulls all there is; rejects where that fails. */
  now: () => Promise<void>;
  /** How often to sync, from now on. */
  setPace: (pace: Pace) => void;
  stop: () => Promise<void>;
}

export interface EngineOptions {
  workspace: Workspace;
  access: ServerAccess;
  environment: Environment;
  clock: ServerClock;
  retryAfter: RetryAfter;
  /** How often everything is looked at where no stream tells what to look at, in milliseconds. */
  pollMilliseconds: number;
  pace: Pace;
  /** Opens the stream of hints. */
  openStream: (handlers: {
    onEvent: (event: LiveEvent) => void;
    onState: (state: StreamState) => void;
    pauseAfter: (failures: number) => number;
  }) => LiveStream;
  fill: DatabaseSyncOptions['fill'];
  few: DatabaseSyncOptions['few'];
  dispatch: (event: SyncEvent) => void;
  /** The personal space has caught up for the first time since the start. */
  onFirstSync: () => void;
  /** A pull of the space has passed the last push, and nothing waits there. */
  onSettled: (space: SpaceWorkspace, pushedThrough: number | null) => void;
}
