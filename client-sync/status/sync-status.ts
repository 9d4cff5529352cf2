import type { DatabaseFacts, Held, SyncFacts } from './sync-facts.ts';

/** What a person may be told about sync. */
export type SyncState = 'local-only' | 'offline' | 'connecting' | 'syncing' | 'up-to-date' | 'attention';

/** Documents done and known to remain, of both directions. */
export interface SyncProgress {
  done: number;
  total: number;
}

/** The same about one space. */
export interface SpaceSyncStatus {
  state: SyncState;
  /** Documents that wait to be sent, and that the server is known to have for us. */
  pending: { push: number; pull: number };
  conflicts: number;
  refused: number;
  /** ISO time when both directions were last done. */
  lastSyncAt?: string;
  lastError?: string;
}

export interface SyncStatus {
  state: SyncState;
  progress?: SyncProgress;
  /** Documents that wait to be sent, and that the server is known to have for us. */
  pending: { push: number; pull: number };
  conflicts: number;
  refused: number;
  /** The session ended by itself; sign in to go on. */
  signedOut: boolean;
  /** Sync was paused by the application. */
  paused: boolean;
  /** Sync waits because the user's settings say so: for its time, for being asked, or for another network. */
  held: Held | null;
  /** The server tells this browser at once what others do. */
  live: boolean;
  /** The browser had removed the local data, and it is being fetched again. */
  refilling: boolean;
  /** By space id, those that are synced. */
  spaces: Record<string, SpaceSyncStatus>;
  /** ISO time when both directions of all spaces were last done. */
  lastSyncAt?: string;
  lastError?: string;
}

function sumOf(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function pendingOf(databases: DatabaseFacts[]): { push: number; pull: number } {
  return {
    push: databases.reduce((sum, { pending }) => sum + pending.push, 0),
    pull: databases.reduce((sum, { pending }) => sum + pending.pull, 0),
  };
}

function stateOf(facts: SyncFacts, databases: DatabaseFacts[], troubles: number): SyncState {
  if (facts.account === 'none') return 'local-only';
  if (facts.account === 'signed-out') return 'attention';
  const directions = databases.flatMap(({ push, pull }) => [push, pull]);
  const faults = directions.flatMap((state) => (state.phase === 'failed' ? [state.fault] : []));
  const phases = new Set(directions.map(({ phase }) => phase));
  if (facts.online && !facts.paused && faults.includes('storage')) return 'attention';
  if (!facts.online || facts.paused || facts.held === 'metered' || faults.includes('network'))
    return 'offline';
  if (phases.has('active')) return 'syncing';
  if (phases.has('connecting')) return 'connecting';
  if (phases.has('stopped') || databases.length === 0) return facts.held === null ? 'connecting' : 'offline';
  if (faults.length > 0 || troubles > 0) return 'attention';
  if (pendingOf(databases).push > 0) return facts.held === null ? 'syncing' : 'offline';
  return 'up-to-date';
}

function describeSpace(facts: SyncFacts, space: string): SpaceSyncStatus {
  const databases = Object.values(facts.databases).filter((database) => database.space === space);
  const conflicts = facts.conflicts[space] ?? 0;
  const refused = facts.refused[space] ?? 0;
  const lastSyncAt = facts.spaceSyncs[space];
  const lastError = databases.find(({ error }) => error !== undefined)?.error;
  return {
    state: stateOf(facts, databases, conflicts + refused),
    pending: pendingOf(databases),
    conflicts,
    refused,
    ...(lastSyncAt === undefined ? {} : { lastSyncAt }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

/**
 * What a person is told. Offline and a lost session outrank work in progress, which outranks conflicts, refusals and
 * trouble of one database.
 */
export function describeStatus(facts: SyncFacts): SyncStatus {
  const databases = Object.values(facts.databases);
  const [conflicts, refused] = [sumOf(facts.conflicts), sumOf(facts.refused)];
  const state = stateOf(facts, databases, conflicts + refused);
  const pending = pendingOf(databases);
  const spaces = [...new Set(databases.map(({ space }) => space))];
  return {
    state,
    ...(state === 'syncing'
      ? { progress: { done: facts.done, total: facts.done + pending.push + pending.pull } }
      : {}),
    pending,
    conflicts,
    refused,
    signedOut: facts.account === 'signed-out',
    paused: facts.paused,
    held: facts.held,
    live: facts.live,
    refilling: facts.refilling,
    spaces: Object.fromEntries(spaces.map((space) => [space, describeSpace(facts, space)])),
    ...(facts.lastSyncAt === undefined ? {} : { lastSyncAt: facts.lastSyncAt }),
    ...(facts.lastError === undefined ? {} : { lastError: facts.lastError }),
  };
}
