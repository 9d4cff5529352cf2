import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Couch, DocumentChange } from '../../../server/couch/couch.ts';
import { createEngineHttp } from '../../../server/couch/engine-http.ts';
import { followChanges } from '../../../server/couch/follow.ts';
import { backoff } from '../../../server/couch/retry.ts';
import { serverDatabaseName } from '../../../schema/index.ts';
import { startEngineRelay, type EngineRelay } from './engine-relay.ts';
import { openCouch, silentLog, type TestCouch } from './open-couch.ts';

let test: TestCouch;
let relay: EngineRelay;
let couch: Couch;
let database: string;
let stopping: AbortController;
let changes: DocumentChange[];
let states: boolean[];

beforeEach(async () => {
  test = await openCouch();
  relay = await startEngineRelay(test.url);
  couch = await test.another({ url: relay.url });
  database = serverDatabaseName('audit', test.prefix);
  await test.couch.createDatabase(database, 'server');
  stopping = new AbortController();
  changes = [];
  states = [];
});

afterEach(async () => {
  stopping.abort();
  await relay.close();
  await test.stop();
});

function follow(since?: string): void {
  couch.follow(database, {
    ...(since === undefined ? {} : { since }),
    signal: stopping.signal,
    onChange: (change) => changes.push(change),
    onState: (fresh) => states.push(fresh),
  });
}

async function write(id: string, value: number, rev?: string): Promise<string> {
  const document = { _id: id, value, ...(rev === undefined ? {} : { _rev: rev }) };
  return (await test.couch.admin(database).insert(document)).rev;
}

const seen = (): string[] => changes.map(({ id }) => id).filter((id) => !id.startsWith('_design/'));
const whenFresh = (): Promise<void> => vi.waitFor(() => expect(states.at(-1)).toBe(true), 15_000);
const whenSeen = (ids: string[]): Promise<void> => vi.waitFor(() => expect(seen()).toEqual(ids), 15_000);

describe('following a database', () => {
  it('reports what changes from now on, with documents, and deletions without', async () => {
    await write('before', 1);
    follow();
    await whenFresh();
    const rev = await write('a', 1);
    await whenSeen(['a']);
    expect(changes[0]?.doc).toMatchObject({ _id: 'a', value: 1 });
    await test.couch.admin(database).destroy('a', rev);
    await whenSeen(['a', 'a']);
    expect(changes[1]).toMatchObject({ deleted: true });
    expect(changes[1]?.doc).toBeUndefined();
  });

  it('reports everything since the beginning before it calls itself fresh', async () => {
    const many = Array.from({ length: 1203 }, (_, n) => ({ _id: `doc-${n}` }));
    await test.couch.admin(database).bulk({ docs: many });
    follow('0');
    await whenFresh();
    expect(new Set(seen()).size).toBe(1203);
    expect(seen()).toHaveLength(1203);
  });

  it('reconnects where it was, and says meanwhile that it is stale', async () => {
    follow();
    await whenFresh();
    await write('a', 1);
    await whenSeen(['a']);
    relay.rule({ passes: () => false });
    relay.cut();
    await vi.waitFor(() => expect(states).toEqual([true, false]), 15_000);
    await write('b', 1);
    await write('c', 1);
    await sleep(300);
    expect(states.includes(true, 1)).toBe(false);
    relay.rule({});
    await whenFresh();
    await write('d', 1);
    await whenSeen(['a', 'b', 'c', 'd']);
  });

  it('gives up a connection that has fallen silent', async () => {
    const http = createEngineHttp(relay.url);
    const { signal } = stopping;
    const options = { http, database, signal, log: silentLog, heartbeatMilliseconds: 200 };
    const following = followChanges({
      ...options,
      onChange: (change) => changes.push(change),
      onState: (fresh) => states.push(fresh),
    });
    await whenFresh();
    await write('a', 1);
    await whenSeen(['a']);
    relay.freeze();
    await write('b', 1);
    await vi.waitFor(() => expect(states).toContain(false), 15_000);
    await whenSeen(['a', 'b']);
    stopping.abort();
    await following;
  });

  it('keeps a quiet connection on which the engine shows that it is there', async () => {
    const http = createEngineHttp(relay.url);
    const { signal } = stopping;
    const following = followChanges({
      http,
      database,
      signal,
      log: silentLog,
      heartbeatMilliseconds: 1000,
      onChange: (change) => changes.push(change),
      onState: (fresh) => states.push(fresh),
    });
    await whenFresh();
    await sleep(4000);
    expect(states).toEqual([true]);
    stopping.abort();
    await following;
  });

  it('survives a listener that throws', async () => {
    couch.follow(database, {
      signal: stopping.signal,
      onChange(change) {
        changes.push(change);
        throw new Error('a listener fails');
      },
      onState: (fresh) => states.push(fresh),
    });
    await whenFresh();
    await write('a', 1);
    await write('b', 1);
    await whenSeen(['a', 'b']);
    expect(states).toEqual([true]);
  });

  it('ends with its signal, and with the connection', async () => {
    follow();
    await whenFresh();
    stopping.abort();
    await vi.waitFor(() => expect(states.at(-1)).toBe(false), 15_000);
    await write('a', 1);
    stopping = new AbortController();
    states = [];
    follow();
    await whenFresh();
    await couch.close();
    await vi.waitFor(() => expect(states.at(-1)).toBe(false), 15_000);
    await write('b', 1);
    await sleep(200);
    expect(seen()).toEqual([]);
  });
});

describe('backoff', () => {
  it('doubles up to its limit and never comes at once', () => {
    for (const [attempt, whole] of [
      [0, 200],
      [1, 400],
      [3, 1600],
      [20, 10_000],
    ] as const) {
      for (let n = 0; n < 50; n++) {
        const milliseconds = backoff(attempt);
        expect(milliseconds).toBeGreaterThanOrEqual(whole / 2);
        expect(milliseconds).toBeLessThanOrEqual(whole);
      }
    }
  });
});
