import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEngineHttp, type EngineHttp } from '../../../server/couch/engine-http.ts';
import {
  followDatabaseUpdates,
  type DatabaseUpdatesFollowerOptions,
} from '../../../server/couch/follow-database-updates.ts';
import { spaceDatabase } from '../../../schema/index.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { startEngineRelay, type EngineRelay } from './engine-relay.ts';
import { engineFetch, openCouch, silentLog, type TestCouch } from './open-couch.ts';

let test: TestCouch;
let relay: EngineRelay;
let stopping: AbortController;
let updates: string[];
let gaps: number;

beforeEach(async () => {
  test = await openCouch();
  relay = await startEngineRelay(test.url);
  stopping = new AbortController();
  updates = [];
  gaps = 0;
});

afterEach(async () => {
  stopping.abort();
  await relay.close();
  await test.stop();
});

/** Follows through the relay, and resolves when updates arrive. */
async function follow(changes: Partial<DatabaseUpdatesFollowerOptions> = {}): Promise<void> {
  void followDatabaseUpdates({
    http: createEngineHttp(relay.url),
    log: silentLog,
    prefix: test.prefix,
    signal: stopping.signal,
    onUpdate: (database) => updates.push(database),
    onGap: () => (gaps += 1),
    ...changes,
  });
  const probe = await makeSpace('probe');
  await vi.waitFor(async () => {
    await write(probe);
    expect(updates).toContain(probe);
  }, 15_000);
}

async function makeSpace(id: string): Promise<string> {
  const database = spaceDatabase(id, test.prefix);
  await test.couch.createDatabase(database, 'space', id);
  return database;
}

let seed = 0;
/** Writes past every process of ours. */
async function write(database: string): Promise<void> {
  seed += 1;
  const [flow] = makeFlowDocuments({ seed, count: 1, size: 1000 });
  const path = `/${database}/${String(flow?._id)}`;
  expect((await engineFetch(test.url, path, { method: 'PUT', body: flow })).status).toBe(201);
}

const whenSeen = (database: string): Promise<void> =>
  vi.waitFor(() => expect(updates).toContain(database), 15_000);

describe('following _db_updates', () => {
  it('names each database of this deployment that is written, by whomever', async () => {
    const [one, two] = [await makeSpace('one'), await makeSpace('two')];
    const foreign = `x${test.prefix}space-one`;
    await engineFetch(test.url, `/${foreign}`, { method: 'PUT' });
    await follow();
    await engineFetch(test.url, `/${foreign}/anything`, { method: 'PUT', body: {} });
    await write(one);
    await whenSeen(one);
    await write(two);
    await whenSeen(two);
    expect(updates).not.toContain(foreign);
    await engineFetch(test.url, `/${foreign}`, { method: 'DELETE' });
  });

  it('says nothing of checkpoints', async () => {
    const [silent, loud] = [await makeSpace('silent'), await makeSpace('loud')];
    await follow();
    await vi.waitFor(() => expect(updates).toContain(spaceDatabase('probe', test.prefix)));
    const before = updates.filter((database) => database === silent).length;
    const checkpoint = { method: 'PUT', body: { last_seq: 1 } };
    expect((await engineFetch(test.url, `/${silent}/_local/checkpoint`, checkpoint)).status).toBe(201);
    await write(loud);
    await whenSeen(loud);
    expect(updates.filter((database) => database === silent)).toHaveLength(before);
  });

  it('misses nothing where the connection breaks', async () => {
    const database = await makeSpace('one');
    await follow();
    relay.rule({ passes: () => false });
    relay.cut();
    await write(database);
    updates = [];
    relay.rule({});
    await whenSeen(database);
    expect(gaps).toBe(0);
  });

  it('notices a connection that is open and dead', async () => {
    const database = await makeSpace('one');
    await follow({ heartbeatMilliseconds: 200 });
    updates = [];
    relay.freeze();
    await write(database);
    await whenSeen(database);
  });

  it('tells of a gap where the engine does not take the place that it left off at', async () => {
    const http = createEngineHttp(relay.url);
    let forgets = false;
    const forgetful: EngineHttp = {
      ...http,
      async open(path, options) {
        const isForgotten = forgets;
        forgets = false;
        return isForgotten ? new Response('{}', { status: 400 }) : http.open(path, options);
      },
    };
    await follow({ http: forgetful });
    forgets = true;
    relay.cut();
    await vi.waitFor(() => expect(gaps).toBe(1), 15_000);
    const database = await makeSpace('one');
    await write(database);
    await whenSeen(database);
  });
});
