import {
  initialFacts,
  nameOf,
  type DatabaseFacts,
  type DatabaseRef,
  type DirectionState,
  type SyncEvent,
  type SyncFacts,
} from './sync-facts.ts';

const stopped: DirectionState = { phase: 'stopped' };

function mapDatabases(facts: SyncFacts, change: (database: DatabaseFacts) => DatabaseFacts): SyncFacts {
  const changed = Object.entries(facts.databases).map(([name, database]) => [name, change(database)]);
  return { ...facts, databases: Object.fromEntries(changed) as SyncFacts['databases'] };
}

function stop(facts: SyncFacts): SyncFacts {
  const halted = mapDatabases(facts, (database) => ({
    ...database,
    push: stopped,
    pull: stopped,
    pending: { ...database.pending, pull: 0 },
  }));
  return { ...halted, live: false, done: 0 };
}

/** Another's databases begin with nothing known; a session that ended by itself changes nothing about the data. */
function changeAccount(
  facts: SyncFacts,
  { account, userId }: Pick<SyncFacts, 'account' | 'userId'>,
): SyncFacts {
  if (userId === facts.userId) return account === facts.account ? facts : { ...stop(facts), account };
  const { online, paused, conflicts, refused } = facts;
  return { ...initialFacts, account, userId, online, paused, conflicts, refused };
}

/** What comes late of a database that was closed changes nothing. */
function changeDatabase(facts: SyncFacts, ref: DatabaseRef, change: Partial<DatabaseFacts>): SyncFacts {
  const known = facts.databases[nameOf(ref)];
  if (!known) return facts;
  return { ...facts, databases: { ...facts.databases, [nameOf(ref)]: { ...known, ...change } } };
}

function open(facts: SyncFacts, { space, place, sync }: DatabaseRef): SyncFacts {
  const name = nameOf({ space, place, sync });
  if (facts.databases[name]) return facts;
  const opened: DatabaseFacts = {
    space,
    place,
    sync,
    push: stopped,
    pull: stopped,
    pending: { push: 0, pull: 0 },
  };
  return { ...facts, databases: { ...facts.databases, [name]: opened } };
}

function pendingOf(facts: SyncFacts, ref: DatabaseRef): DatabaseFacts['pending'] {
  return facts.databases[nameOf(ref)]?.pending ?? { push: 0, pull: 0 };
}

function isDone({ push, pull }: DatabaseFacts): boolean {
  return push.phase === 'caught-up' && pull.phase === 'caught-up';
}

/** A database with trouble of its own holds up no other. */
function hasOwnTrouble({ push, pull }: DatabaseFacts): boolean {
  return [push, pull].some((state) => state.phase === 'failed' && state.fault === 'server');
}

function caughtUp(facts: SyncFacts, event: Extract<SyncEvent, { type: 'caught-up' }>): SyncFacts {
  const { direction, at, space } = event;
  const before = facts.databases[nameOf(event)];
  if (!before) return facts;
  const { error, ...database }: DatabaseFacts = { ...before, [direction]: { phase: 'caught-up' } };
  if (direction === 'pull') database.pending = { ...database.pending, pull: 0 };
  const isStillFailing = [database.push, database.pull].some(({ phase }) => phase === 'failed');
  const after = isStillFailing && error !== undefined ? { ...database, error } : database;
  return noteSync({ ...facts, databases: { ...facts.databases, [nameOf(event)]: after } }, space, at);
}

/** Notes when all was done, of the space and of everything. */
function noteSync(facts: SyncFacts, space: string, at: string): SyncFacts {
  const databases = Object.values(facts.databases);
  const isSpaceDone = databases.filter((database) => database.space === space).every(isDone);
  const spaceSyncs = isSpaceDone ? { ...facts.spaceSyncs, [space]: at } : facts.spaceSyncs;
  if (!databases.every((database) => isDone(database) || hasOwnTrouble(database))) {
    return { ...facts, spaceSyncs };
  }
  const { lastError, ...rest } = facts;
  const kept = databases.some(hasOwnTrouble) && lastError !== undefined ? { lastError } : {};
  return { ...rest, ...kept, done: 0, refilling: false, spaceSyncs, lastSyncAt: at };
}

function transferred(facts: SyncFacts, event: Extract<SyncEvent, { type: 'transferred' }>): SyncFacts {
  const pending = pendingOf(facts, event);
  const pull = event.direction === 'pull' && event.pending !== undefined ? event.pending : pending.pull;
  const next = changeDatabase(facts, event, {
    [event.direction]: { phase: 'active' },
    pending: { ...pending, pull },
  });
  return next === facts ? facts : { ...next, done: facts.done + event.documents };
}

function close(facts: SyncFacts, ref: DatabaseRef): SyncFacts {
  const { [nameOf(ref)]: closed, ...databases } = facts.databases;
  return closed ? { ...facts, databases } : facts;
}

/** The next facts after an event. Pure: time comes with the event. */
export function reduceSync(facts: SyncFacts, event: SyncEvent): SyncFacts {
  switch (event.type) {
    case 'account':
      return changeAccount(facts, event);
    case 'network':
      return event.online === facts.online ? facts : { ...facts, online: event.online };
    case 'paused':
      return event.paused ? { ...stop(facts), paused: true } : { ...facts, paused: false };
    case 'held':
      return event.held === facts.held ? facts : { ...facts, held: event.held };
    case 'live':
      return event.live === facts.live ? facts : { ...facts, live: event.live };
    case 'started':
      return { ...facts, databases: {} };
    case 'stopped':
      return stop(facts);
    case 'opened':
      return open(facts, event);
    case 'closed':
      return close(facts, event);
    case 'connecting':
      return changeDatabase(facts, event, { [event.direction]: { phase: 'connecting' } });
    case 'active':
      return facts.databases[nameOf(event)]?.[event.direction].phase === 'active'
        ? facts
        : changeDatabase(facts, event, { [event.direction]: { phase: 'active' } });
    case 'transferred':
      return transferred(facts, event);
    case 'caught-up':
      return caughtUp(facts, event);
    case 'failed': {
      const { direction, error, fault } = event;
      const next = changeDatabase(facts, event, { [direction]: { phase: 'failed', fault }, error });
      return next === facts ? facts : { ...next, lastError: error };
    }
    case 'pending-push':
      return changeDatabase(facts, event, { pending: { ...pendingOf(facts, event), push: event.count } });
    case 'conflicts':
      return { ...facts, conflicts: event.counts };
    case 'refused':
      return { ...facts, refused: event.counts };
    case 'evicted':
      return { ...facts, refilling: true };
    default:
      // While one of the tabs changes over to another person.
      if (event.facts.userId !== facts.userId) return facts;
      return { ...withoutTimes(facts), ...event.facts };
  }
}

function withoutTimes(facts: SyncFacts): SyncFacts {
  const { lastSyncAt: _at, lastError: _error, ...rest } = facts;
  return rest;
}
