import { describe, expect, it } from 'vitest';
import {
  describeStatus,
  initialFacts,
  reduceSync,
  sharedFacts,
  type DirectionState,
  type SyncEvent,
  type SyncFacts,
  type SyncState,
} from '../../client-sync/status/sync-status.ts';

const at = '2026-01-02T03:04:05.000Z';
const signedIn: SyncEvent = { type: 'account', account: 'signed-in' };
const after = (...events: SyncEvent[]): SyncFacts => events.reduce(reduceSync, initialFacts);
const stateAfter = (...events: SyncEvent[]): SyncState => describeStatus(after(...events)).state;
const both = (type: 'connecting' | 'active'): SyncEvent[] => [
  { type, direction: 'push' },
  { type, direction: 'pull' },
];
const caughtUp: SyncEvent[] = [
  { type: 'caught-up', direction: 'push', at },
  { type: 'caught-up', direction: 'pull', at },
];
const settled = [signedIn, ...both('connecting'), ...caughtUp];

describe('the state of sync', () => {
  const phases: DirectionState[] = [
    { phase: 'stopped' },
    { phase: 'connecting' },
    { phase: 'active', done: 1 },
    { phase: 'caught-up' },
    { phase: 'failed' },
  ];
  /** The whole table, for an online browser that is signed in and has nothing pending. */
  const expected: Record<string, SyncState> = {
    'stopped stopped': 'connecting',
    'connecting stopped': 'connecting',
    'active stopped': 'syncing',
    'caught-up stopped': 'connecting',
    'failed stopped': 'offline',
    'connecting connecting': 'connecting',
    'active connecting': 'syncing',
    'caught-up connecting': 'connecting',
    'connecting failed': 'offline',
    'active active': 'syncing',
    'active caught-up': 'syncing',
    'active failed': 'offline',
    'caught-up caught-up': 'up-to-date',
    'caught-up failed': 'offline',
    'failed failed': 'offline',
  };
  const key = (a: DirectionState, b: DirectionState) => [a.phase, b.phase].toSorted().join(' ');
  const table = Object.fromEntries(
    Object.entries(expected).map(([pair, state]) => [pair.split(' ').toSorted().join(' '), state]),
  );

  for (const push of phases) {
    for (const pull of phases) {
      const wanted = table[key(push, pull)];
      it(`push ${push.phase}, pull ${pull.phase}: ${wanted}`, () => {
        const facts: SyncFacts = { ...initialFacts, account: 'signed-in', push, pull };
        expect(describeStatus(facts).state).toBe(wanted);
        expect(describeStatus({ ...facts, account: 'none' }).state).toBe('local-only');
        expect(describeStatus({ ...facts, account: 'signed-out' }).state).toBe('attention');
        expect(describeStatus({ ...facts, online: false }).state).toBe('offline');
        expect(describeStatus({ ...facts, paused: true }).state).toBe('offline');
        const withConflict = describeStatus({ ...facts, conflicts: 1 }).state;
        expect(withConflict).toBe(wanted === 'up-to-date' ? 'attention' : wanted);
        const withRefusal = describeStatus({ ...facts, refused: 1 }).state;
        expect(withRefusal).toBe(wanted === 'up-to-date' ? 'attention' : wanted);
        const withPending = describeStatus({ ...facts, pending: { push: 1, pull: 0 } }).state;
        expect(withPending).toBe(wanted === 'up-to-date' ? 'syncing' : wanted);
      });
    }
  }
});

describe('the course of sync', () => {
  it('goes from connecting over syncing to up to date', () => {
    expect(stateAfter()).toBe('local-only');
    expect(stateAfter(signedIn)).toBe('connecting');
    expect(stateAfter(signedIn, ...both('connecting'))).toBe('connecting');
    expect(stateAfter(signedIn, ...both('active'))).toBe('syncing');
    expect(stateAfter(...settled)).toBe('up-to-date');
    expect(describeStatus(after(...settled)).lastSyncAt).toBe(at);
  });

  it('is done only when both directions are', () => {
    const facts = after(signedIn, ...both('connecting'), { type: 'caught-up', direction: 'pull', at });
    expect(describeStatus(facts).state).toBe('connecting');
    expect(describeStatus(facts).lastSyncAt).toBeUndefined();
  });

  it('counts what is done and what is known to remain', () => {
    const facts = after(
      signedIn,
      { type: 'pending-push', count: 3 },
      { type: 'active', direction: 'pull' },
      { type: 'transferred', direction: 'pull', done: 100, pending: 250 },
    );
    expect(describeStatus(facts)).toMatchObject({
      state: 'syncing',
      pending: { push: 3, pull: 250 },
      progress: { done: 100, total: 353 },
    });
    const pulled = reduceSync(facts, { type: 'caught-up', direction: 'pull', at });
    expect(pulled.pending).toEqual({ push: 3, pull: 0 });
  });

  it('keeps the last error until both directions are well again', () => {
    const failed = after(...settled, { type: 'failed', direction: 'pull', error: 'no route' });
    expect(describeStatus(failed)).toMatchObject({ state: 'offline', lastError: 'no route', lastSyncAt: at });
    const well = [...both('connecting'), ...caughtUp].reduce(reduceSync, failed);
    expect(describeStatus(well)).not.toHaveProperty('lastError');
  });

  it('keeps one direction’s failure when the other goes on', () => {
    const facts = after(...settled, { type: 'failed', direction: 'push', error: 'x' }, ...caughtUp.slice(1));
    expect(describeStatus(facts)).toMatchObject({ state: 'offline', lastError: 'x' });
  });

  it('stops when the session ends, keeps what is pending, and forgets all with the account', () => {
    const ended = after(
      ...settled,
      { type: 'pending-push', count: 2 },
      { type: 'account', account: 'signed-out' },
    );
    expect(describeStatus(ended)).toMatchObject({
      state: 'attention',
      signedOut: true,
      pending: { push: 2 },
    });
    const left = reduceSync(ended, { type: 'account', account: 'none' });
    expect(describeStatus(left)).toMatchObject({
      state: 'local-only',
      signedOut: false,
      pending: { push: 0 },
    });
    expect(describeStatus(left)).not.toHaveProperty('lastSyncAt');
  });

  it('pauses and goes on', () => {
    const paused = after(...settled, { type: 'paused', paused: true });
    expect(describeStatus(paused)).toMatchObject({ state: 'offline', paused: true });
    expect(describeStatus(reduceSync(paused, { type: 'paused', paused: false })).state).toBe('connecting');
  });

  it('says that removed data is being fetched again until it is here', () => {
    const facts = after(signedIn, { type: 'evicted' }, ...both('active'));
    expect(describeStatus(facts).refilling).toBe(true);
    expect(describeStatus(caughtUp.reduce(reduceSync, facts)).refilling).toBe(false);
  });

  it('shows in other tabs what the syncing tab tells', () => {
    const mine = after(signedIn, { type: 'conflicts', count: 1 });
    const mirrored = reduceSync(mine, { type: 'mirrored', facts: sharedFacts(after(...settled)) });
    expect(describeStatus(mirrored)).toMatchObject({ state: 'attention', conflicts: 1, lastSyncAt: at });
  });

  it('changes nothing where nothing is new', () => {
    const facts = after(...settled);
    expect(reduceSync(facts, signedIn)).toBe(facts);
    expect(reduceSync(facts, { type: 'network', online: true })).toBe(facts);
    expect(reduceSync(after(...both('active')), { type: 'active', direction: 'push' })).toEqual(
      after(...both('active')),
    );
  });
});
