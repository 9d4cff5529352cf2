import { describe, expect, it } from 'vitest';
import { reduceSync } from '../../client-sync/status/reduce-sync.ts';
import {
  initialFacts,
  nameOf,
  sharedFacts,
  type DirectionState,
  type Fault,
  type SyncEvent,
  type SyncFacts,
} from '../../client-sync/status/sync-facts.ts';
import { describeStatus, type SyncState } from '../../client-sync/status/sync-status.ts';

const at = '2026-01-02T03:04:05.000Z';
const later = '2026-01-02T03:05:00.000Z';
const mine = { space: 'mine', place: 'main', sync: 'mine' };
const runs = { space: 'mine', place: '2026-01', sync: 'mine' };
const team = { space: 'team', place: 'main', sync: 'team' };
const signedIn: SyncEvent = { type: 'account', account: 'signed-in', userId: 'me' };
type Ref = typeof mine;
const opened = (ref: Ref): SyncEvent => ({ type: 'opened', ...ref });
const both = (type: 'connecting' | 'active', ref: Ref = mine): SyncEvent[] => [
  { type, direction: 'push', ...ref },
  { type, direction: 'pull', ...ref },
];
const caughtUp = (ref: Ref = mine, when = at): SyncEvent[] => [
  { type: 'caught-up', direction: 'push', at: when, ...ref },
  { type: 'caught-up', direction: 'pull', at: when, ...ref },
];
const failed = (ref: Ref, fault: Fault, error = 'x'): SyncEvent => ({
  type: 'failed',
  direction: 'pull',
  error,
  fault,
  ...ref,
});
const after = (...events: SyncEvent[]): SyncFacts => events.reduce(reduceSync, initialFacts);
const stateAfter = (...events: SyncEvent[]): SyncState => describeStatus(after(...events)).state;
const settled = [signedIn, opened(mine), ...both('connecting'), ...caughtUp()];
const settledTogether = [signedIn, opened(mine), opened(team), ...caughtUp(), ...caughtUp(team)];

/** From the state that wins over all others to the one that all others win over. */
const order = [
  'failed storage',
  'failed network',
  'active',
  'connecting',
  'stopped',
  'failed server',
  'caught-up',
] as const;
type Situation = (typeof order)[number];
const meaning: Record<Situation, SyncState> = {
  'failed storage': 'attention',
  'failed network': 'offline',
  active: 'syncing',
  connecting: 'connecting',
  stopped: 'connecting',
  'failed server': 'attention',
  'caught-up': 'up-to-date',
};
const stateOf = (situation: Situation): DirectionState => {
  const [phase, fault] = situation.split(' ');
  return { phase, ...(fault === undefined ? {} : { fault }) } as DirectionState;
};
const winner = (...situations: Situation[]) =>
  meaning[order.find((candidate) => situations.includes(candidate)) as Situation];

describe('the state of sync', () => {
  const pairs = order.flatMap((push) => order.map((pull) => [push, pull] as const));
  const factsWith = (databases: [Ref, Situation, Situation][]): SyncFacts => ({
    ...after(signedIn),
    databases: Object.fromEntries(
      databases.map(([ref, push, pull]) => [
        nameOf(ref),
        { ...ref, push: stateOf(push), pull: stateOf(pull), pending: { push: 0, pull: 0 } },
      ]),
    ),
  });

  it('is that of the direction that matters most, for every pair', () => {
    for (const [push, pull] of pairs) {
      const facts = factsWith([[mine, push, pull]]);
      expect([push, pull, describeStatus(facts).state]).toEqual([push, pull, winner(push, pull)]);
    }
  });

  it('is that of the database that matters most, and each space has its own', () => {
    for (const [a, b] of pairs) {
      for (const other of [runs, team]) {
        const status = describeStatus(
          factsWith([
            [mine, 'caught-up', a],
            [other, b, 'caught-up'],
          ]),
        );
        expect([a, b, status.state]).toEqual([a, b, winner(a, b, 'caught-up')]);
        const own = other === team ? { mine: winner(a), team: winner(b) } : { mine: winner(a, b) };
        const shown = Object.entries(status.spaces).map(([id, { state }]) => [id, state]);
        expect(Object.fromEntries(shown)).toEqual(own);
      }
    }
  });

  it('bows to the account, the network, a pause and the settings, for every pair', () => {
    for (const [push, pull] of pairs) {
      const facts = factsWith([[mine, push, pull]]);
      const state = (changes: Partial<SyncFacts>) => describeStatus({ ...facts, ...changes }).state;
      expect(state({ account: 'none' })).toBe('local-only');
      expect(state({ account: 'signed-out' })).toBe('attention');
      expect(state({ online: false })).toBe('offline');
      expect(state({ paused: true })).toBe('offline');
      const wanted = winner(push, pull);
      const hasStorageFault = push === 'failed storage' || pull === 'failed storage';
      expect(state({ held: 'metered' })).toBe(hasStorageFault ? 'attention' : 'offline');
      const isWaiting = wanted === 'connecting' && push !== 'connecting' && pull !== 'connecting';
      expect(state({ held: 'manual' })).toBe(isWaiting ? 'offline' : wanted);
      expect(state({ conflicts: { mine: 1 } })).toBe(wanted === 'up-to-date' ? 'attention' : wanted);
      expect(state({ refused: { mine: 1 } })).toBe(wanted === 'up-to-date' ? 'attention' : wanted);
      const pending = reduceSync(facts, { type: 'pending-push', count: 1, ...mine });
      expect(describeStatus(pending).state).toBe(wanted === 'up-to-date' ? 'syncing' : wanted);
    }
  });
});

describe('the course of sync', () => {
  it('goes from connecting over syncing to up to date', () => {
    expect(stateAfter()).toBe('local-only');
    expect(stateAfter(signedIn)).toBe('connecting');
    expect(stateAfter(signedIn, opened(mine), ...both('connecting'))).toBe('connecting');
    expect(stateAfter(signedIn, opened(mine), ...both('active'))).toBe('syncing');
    expect(stateAfter(...settled)).toBe('up-to-date');
    expect(describeStatus(after(...settled)).lastSyncAt).toBe(at);
  });

  it('is done only when both directions of all databases are', () => {
    const facts = after(signedIn, opened(mine), opened(team), ...caughtUp(), ...caughtUp(team).slice(1));
    expect(describeStatus(facts).state).toBe('connecting');
    expect(describeStatus(facts).lastSyncAt).toBeUndefined();
    expect(describeStatus(facts).spaces.mine).toMatchObject({ state: 'up-to-date', lastSyncAt: at });
    expect(describeStatus(facts).spaces.team).not.toHaveProperty('lastSyncAt');
  });

  it('counts what is done and what is known to remain, until all is done', () => {
    const facts = after(
      signedIn,
      opened(mine),
      opened(team),
      { type: 'pending-push', count: 3, ...mine },
      { type: 'transferred', direction: 'pull', documents: 100, pending: 250, ...team },
      { type: 'transferred', direction: 'pull', documents: 50, pending: 200, ...team },
    );
    expect(describeStatus(facts)).toMatchObject({
      state: 'syncing',
      pending: { push: 3, pull: 200 },
      progress: { done: 150, total: 353 },
    });
    const first = caughtUp(mine).reduce(reduceSync, facts);
    expect(describeStatus(first).progress?.done).toBe(150);
    const all = caughtUp(team).reduce(reduceSync, first);
    expect(all).toMatchObject({ done: 0 });
    expect(describeStatus(all).pending).toEqual({ push: 3, pull: 0 });
  });

  it('keeps the last error until all is well again', () => {
    const facts = after(...settledTogether, failed(team, 'network', 'no route'));
    expect(describeStatus(facts)).toMatchObject({ state: 'offline', lastError: 'no route', lastSyncAt: at });
    const other = caughtUp(mine, later).reduce(reduceSync, facts);
    expect(describeStatus(other)).toMatchObject({ lastError: 'no route', lastSyncAt: at });
    const well = caughtUp(team, later).reduce(reduceSync, other);
    expect(describeStatus(well)).not.toHaveProperty('lastError');
    expect(describeStatus(well).lastSyncAt).toBe(later);
  });

  it('goes on beside a database that has trouble of its own, and tells of it', () => {
    const facts = [...caughtUp(mine, later)].reduce(
      reduceSync,
      after(...settledTogether, failed(team, 'server', 'no such thing')),
    );
    const status = describeStatus(facts);
    expect(status).toMatchObject({ state: 'attention', lastError: 'no such thing', lastSyncAt: later });
    expect(status.spaces.mine?.state).toBe('up-to-date');
    expect(status.spaces.team).toMatchObject({
      state: 'attention',
      lastError: 'no such thing',
      lastSyncAt: at,
    });
    const closed = describeStatus(reduceSync(facts, { type: 'closed', ...team }));
    expect(closed.state).toBe('up-to-date');
    expect(Object.keys(closed.spaces)).toEqual(['mine']);
  });

  it('hears nothing of a database that is closed', () => {
    const facts = after(...settled);
    for (const event of [...both('active', team), ...caughtUp(team), failed(team, 'network')]) {
      expect(reduceSync(facts, event)).toBe(facts);
    }
  });

  it('keeps what is known of a new copy of a space when the old one is closed', () => {
    const again = { ...mine, sync: 'again' };
    const unsent: SyncEvent = { type: 'pending-push', count: 1, ...again };
    const facts = after(...settled, opened(again), { type: 'closed', ...mine }, ...caughtUp(again), unsent);
    expect(describeStatus(facts)).toMatchObject({ state: 'syncing', pending: { push: 1 } });
    expect(describeStatus(facts).spaces.mine).toMatchObject({ state: 'syncing', lastSyncAt: at });
  });

  it('stops when the session ends, keeps what is pending, and forgets all with the account', () => {
    const ended = after(
      ...settled,
      { type: 'pending-push', count: 2, ...mine },
      { type: 'account', account: 'signed-out', userId: 'me' },
    );
    expect(describeStatus(ended)).toMatchObject({
      state: 'attention',
      signedOut: true,
      pending: { push: 2 },
    });
    const left = reduceSync(ended, { type: 'account', account: 'none', userId: null });
    expect(describeStatus(left)).toMatchObject({ state: 'local-only', pending: { push: 0 }, spaces: {} });
    expect(describeStatus(left)).not.toHaveProperty('lastSyncAt');
  });

  it('knows nothing yet of the next person, and is told nothing of the one before', () => {
    const unsent: SyncEvent = { type: 'pending-push', count: 2, ...mine };
    const before = after(...settled, unsent, { type: 'held', held: 'manual' });
    const next = reduceSync(before, { type: 'account', account: 'signed-in', userId: 'another' });
    expect(describeStatus(next)).toEqual(describeStatus(after(signedIn)));
    expect(reduceSync(next, { type: 'mirrored', facts: sharedFacts(before) })).toBe(next);
  });

  it('knows only what is synced since it began anew', () => {
    const facts = after(...settledTogether, { type: 'stopped' }, { type: 'started' }, opened(mine));
    expect(Object.keys(describeStatus(facts).spaces)).toEqual(['mine']);
    expect(describeStatus(caughtUp().reduce(reduceSync, facts)).state).toBe('up-to-date');
  });

  it('pauses and goes on', () => {
    const paused = after(...settled, { type: 'live', live: true }, { type: 'paused', paused: true });
    expect(describeStatus(paused)).toMatchObject({ state: 'offline', paused: true, live: false });
    expect(describeStatus(reduceSync(paused, { type: 'paused', paused: false })).state).toBe('connecting');
  });

  it('says that removed data is being fetched again until it is here', () => {
    const facts = after(signedIn, { type: 'evicted' }, opened(mine), ...both('active'));
    expect(describeStatus(facts).refilling).toBe(true);
    expect(describeStatus(caughtUp().reduce(reduceSync, facts)).refilling).toBe(false);
  });

  it('shows in other tabs what the syncing tab tells', () => {
    const here = after(signedIn, { type: 'conflicts', counts: { mine: 1 } });
    const told = after(...settled, { type: 'live', live: true });
    const mirrored = reduceSync(here, { type: 'mirrored', facts: sharedFacts(told) });
    expect(describeStatus(mirrored)).toMatchObject({ state: 'attention', live: true, lastSyncAt: at });
    expect(describeStatus(mirrored).spaces.mine).toMatchObject({ conflicts: 1, state: 'attention' });
  });

  it('changes nothing where nothing is new', () => {
    const facts = after(...settled);
    const unchanged: SyncEvent[] = [
      signedIn,
      { type: 'network', online: true },
      { type: 'held', held: null },
      { type: 'live', live: false },
      opened(mine),
      { type: 'closed', ...team },
    ];
    for (const event of unchanged) expect(reduceSync(facts, event)).toBe(facts);
    const active = after(signedIn, opened(mine), ...both('active'));
    expect(reduceSync(active, { type: 'active', direction: 'push', ...mine })).toBe(active);
  });
});
