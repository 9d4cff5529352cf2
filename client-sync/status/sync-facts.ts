export type Direction = 'push' | 'pull';

/** The way to the server or its answer for all; one database's own trouble there; or this browser's storage. */
export type Fault = 'network' | 'server' | 'storage';

/** What one direction of one database's replication is doing. */
export type DirectionState =
  | { phase: 'stopped' }
  | { phase: 'connecting' }
  | { phase: 'active' }
  | { phase: 'caught-up' }
  | { phase: 'failed'; fault: Fault };

/** A local database that is synced: `place` is `main` or a month. */
export interface DatabaseRef {
  space: string;
  place: string;
  /** Names the sync of one copy of the space: an old copy's may end after that of the new one has begun. */
  sync: string;
}

export interface DatabaseFacts extends DatabaseRef {
  push: DirectionState;
  pull: DirectionState;
  pending: { push: number; pull: number };
  error?: string;
}

/** Why nothing is sent or fetched at this moment though there is a network: the user's settings. */
export type Held = 'interval' | 'manual' | 'metered';

/** All that sync knows; `describeStatus` makes of it what a person is told. */
export interface SyncFacts {
  account: 'none' | 'signed-in' | 'signed-out';
  userId: string | null;
  online: boolean;
  paused: boolean;
  held: Held | null;
  /** The server tells at once what happens. */
  live: boolean;
  /** By `nameOf`. */
  databases: Record<string, DatabaseFacts>;
  /** Documents moved since everything was last done. */
  done: number;
  conflicts: Record<string, number>;
  refused: Record<string, number>;
  refilling: boolean;
  /** When all of a space was last done. */
  spaceSyncs: Record<string, string>;
  lastSyncAt?: string;
  lastError?: string;
}

export type SyncEvent =
  | ({ type: 'account' } & Pick<SyncFacts, 'account' | 'userId'>)
  | { type: 'network'; online: boolean }
  | { type: 'paused'; paused: boolean }
  | { type: 'held'; held: Held | null }
  | { type: 'live'; live: boolean }
  | { type: 'started' | 'stopped' }
  | ({ type: 'opened' | 'closed' } & DatabaseRef)
  | ({ type: 'connecting' | 'active'; direction: Direction } & DatabaseRef)
  | ({ type: 'transferred'; direction: Direction; documents: number; pending?: number } & DatabaseRef)
  | ({ type: 'caught-up'; direction: Direction; at: string } & DatabaseRef)
  | ({ type: 'failed'; direction: Direction; error: string; fault: Fault } & DatabaseRef)
  | ({ type: 'pending-push'; count: number } & DatabaseRef)
  /** How many there are, by space. */
  | { type: 'conflicts' | 'refused'; counts: Record<string, number> }
  | { type: 'evicted' }
  /** What the tab that syncs knows, as told to the others. */
  | { type: 'mirrored'; facts: SharedFacts };

/** The facts that one tab finds out for all. */
export type SharedFacts = Pick<
  SyncFacts,
  'userId' | 'paused' | 'held' | 'live' | 'databases' | 'done' | 'spaceSyncs' | 'lastSyncAt' | 'lastError'
>;

export const initialFacts: SyncFacts = {
  account: 'none',
  userId: null,
  online: true,
  paused: false,
  held: null,
  live: false,
  databases: {},
  done: 0,
  conflicts: {},
  refused: {},
  refilling: false,
  spaceSyncs: {},
};

export function nameOf({ sync, place }: DatabaseRef): string {
  return `${sync}/${place}`;
}

/** What the syncing tab tells the others. */
export function sharedFacts(facts: SyncFacts): SharedFacts {
  const { userId, paused, held, live, databases, done, spaceSyncs, lastSyncAt, lastError } = facts;
  return {
    userId,
    paused,
    held,
    live,
    databases,
    done,
    spaceSyncs,
    ...(lastSyncAt === undefined ? {} : { lastSyncAt }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}
