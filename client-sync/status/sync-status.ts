/** What a person may be told about sync. */
export type SyncState = 'local-only' | 'offline' | 'connecting' | 'syncing' | 'up-to-date' | 'attention';

/** Documents done and known to remain, of both directions. */
export interface SyncProgress {
  done: number;
  total: number;
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
  /** The browser had removed the local data, and it is being fetched again. */
  refilling: boolean;
  /** ISO time when both directions were last done. */
  lastSyncAt?: string;
  lastError?: string;
}

export type Direction = 'push' | 'pull';

/** What one direction of the main database's replication is doing. */
export type DirectionState =
  | { phase: 'stopped' }
  | { phase: 'connecting' }
  | { phase: 'active'; done: number }
  | { phase: 'caught-up' }
  /** `storage`: not the way to the server, but this browser's own database. */
  | { phase: 'failed'; storage?: true };

/** All that sync knows; `describeStatus` makes of it what a person is told. */
export interface SyncFacts {
  account: 'none' | 'signed-in' | 'signed-out';
  online: boolean;
  paused: boolean;
  push: DirectionState;
  pull: DirectionState;
  pending: { push: number; pull: number };
  conflicts: number;
  refused: number;
  refilling: boolean;
  lastSyncAt?: string;
  lastError?: string;
}

export type SyncEvent =
  | { type: 'account'; account: SyncFacts['account'] }
  | { type: 'network'; online: boolean }
  | { type: 'paused'; paused: boolean }
  | { type: 'stopped' }
  | { type: 'connecting'; direction: Direction }
  | { type: 'active'; direction: Direction }
  | { type: 'transferred'; direction: Direction; done: number; pending?: number }
  | { type: 'caught-up'; direction: Direction; at: string }
  | { type: 'failed'; direction: Direction; error: string; storage?: true }
  | { type: 'pending-push'; count: number }
  | { type: 'conflicts'; count: number }
  | { type: 'refused'; count: number }
  | { type: 'evicted' }
  /** What the tab that syncs knows, as told to the others. */
  | { type: 'mirrored'; facts: SharedFacts };

/** The facts that one tab finds out for all. */
export type SharedFacts = Pick<
  SyncFacts,
  'push' | 'pull' | 'pending' | 'paused' | 'lastSyncAt' | 'lastError'
>;

export const initialFacts: SyncFacts = {
  account: 'none',
  online: true,
  paused: false,
  push: { phase: 'stopped' },
  pull: { phase: 'stopped' },
  pending: { push: 0, pull: 0 },
  conflicts: 0,
  refused: 0,
  refilling: false,
};

const stopped: DirectionState = { phase: 'stopped' };

function stop(facts: SyncFacts): SyncFacts {
  return { ...facts, push: stopped, pull: stopped, pending: { ...facts.pending, pull: 0 } };
}

/** Nobody's databases begin with nothing known; a session that ended by itself changes nothing about the data. */
function changeAccount(facts: SyncFacts, account: SyncFacts['account']): SyncFacts {
  if (account === facts.account) return facts;
  if (account !== 'none') return { ...stop(facts), account };
  const { online, paused, conflicts, refused } = facts;
  return { ...initialFacts, online, paused, conflicts, refused };
}

function otherSettled(facts: SyncFacts, direction: Direction): boolean {
  return facts[direction === 'push' ? 'pull' : 'push'].phase === 'caught-up';
}

function caughtUp(facts: SyncFacts, direction: Direction, at: string): SyncFacts {
  const { lastError, ...rest } = facts;
  const both = otherSettled(facts, direction);
  return {
    ...rest,
    [direction]: { phase: 'caught-up' },
    pending: direction === 'pull' ? { ...facts.pending, pull: 0 } : facts.pending,
    refilling: facts.refilling && !both,
    ...(both ? { lastSyncAt: at } : lastError === undefined ? {} : { lastError }),
  };
}

function transferred(facts: SyncFacts, event: Extract<SyncEvent, { type: 'transferred' }>): SyncFacts {
  const pull = event.direction === 'pull' && event.pending !== undefined ? event.pending : facts.pending.pull;
  return {
    ...facts,
    [event.direction]: { phase: 'active', done: event.done },
    pending: { ...facts.pending, pull },
  };
}

/** The next facts after an event. Pure: time comes with the event. */
export function reduceSync(facts: SyncFacts, event: SyncEvent): SyncFacts {
  switch (event.type) {
    case 'account':
      return changeAccount(facts, event.account);
    case 'network':
      return event.online === facts.online ? facts : { ...facts, online: event.online };
    case 'paused':
      return event.paused ? { ...stop(facts), paused: true } : { ...facts, paused: false };
    case 'stopped':
      return stop(facts);
    case 'connecting':
      return { ...facts, [event.direction]: { phase: 'connecting' } };
    case 'active':
      return facts[event.direction].phase === 'active'
        ? facts
        : { ...facts, [event.direction]: { phase: 'active', done: 0 } };
    case 'transferred':
      return transferred(facts, event);
    case 'caught-up':
      return caughtUp(facts, event.direction, event.at);
    case 'failed':
      return {
        ...facts,
        [event.direction]: { phase: 'failed', ...(event.storage ? { storage: true } : {}) },
        lastError: event.error,
      };
    case 'pending-push':
      return { ...facts, pending: { ...facts.pending, push: event.count } };
    case 'conflicts':
      return { ...facts, conflicts: event.count };
    case 'evicted':
      return { ...facts, refilling: true };
    case 'refused':
      return { ...facts, refused: event.count };
    default:
      return { ...withoutTimes(facts), ...event.facts };
  }
}

function withoutTimes(facts: SyncFacts): SyncFacts {
  const { lastSyncAt: _at, lastError: _error, ...rest } = facts;
  return rest;
}

/** What the syncing tab tells the others. */
export function sharedFacts(facts: SyncFacts): SharedFacts {
  const { push, pull, pending, paused, lastSyncAt, lastError } = facts;
  return {
    push,
    pull,
    pending,
    paused,
    ...(lastSyncAt === undefined ? {} : { lastSyncAt }),
    ...(lastError === undefined ? {} : { lastError }),
  };
}

function hasStorageFault(direction: DirectionState): boolean {
  return direction.phase === 'failed' && direction.storage === true;
}

function stateOf(facts: SyncFacts): SyncState {
  if (facts.account === 'none') return 'local-only';
  if (facts.account === 'signed-out') return 'attention';
  const phases = [facts.push.phase, facts.pull.phase];
  if (facts.online && !facts.paused && [facts.push, facts.pull].some(hasStorageFault)) return 'attention';
  if (!facts.online || facts.paused || phases.includes('failed')) return 'offline';
  if (phases.includes('active')) return 'syncing';
  if (phases.includes('connecting') || phases.includes('stopped')) return 'connecting';
  if (facts.conflicts > 0 || facts.refused > 0) return 'attention';
  return facts.pending.push > 0 ? 'syncing' : 'up-to-date';
}

function progressOf(facts: SyncFacts): SyncProgress {
  const done =
    (facts.push.phase === 'active' ? facts.push.done : 0) +
    (facts.pull.phase === 'active' ? facts.pull.done : 0);
  return { done, total: done + facts.pending.push + facts.pending.pull };
}

/** What a person is told. Offline and a lost session outrank work in progress, which outranks conflicts and refusals. */
export function describeStatus(facts: SyncFacts): SyncStatus {
  const state = stateOf(facts);
  return {
    state,
    ...(state === 'syncing' ? { progress: progressOf(facts) } : {}),
    pending: { ...facts.pending },
    conflicts: facts.conflicts,
    refused: facts.refused,
    signedOut: facts.account === 'signed-out',
    paused: facts.paused,
    refilling: facts.refilling,
    ...(facts.lastSyncAt === undefined ? {} : { lastSyncAt: facts.lastSyncAt }),
    ...(facts.lastError === undefined ? {} : { lastError: facts.lastError }),
  };
}
