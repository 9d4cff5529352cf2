import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { personalDatabase, runsDatabase, spaceDatabase } from '../../../schema/index.ts';
import { createDirectory, type Directory } from '../../../server/spaces/directory.ts';
import { createMoves, type Moves } from '../../../server/spaces/moves/moves.ts';
import type { Outbox } from '../../../server/spaces/outbox.ts';
import { executionDoc } from '../../support/fixtures/execution-fixtures.ts';
import { silentLog } from '../couch/open-couch.ts';
import { keepVersion, newFlow, useMovingFlows, present, pushRevision } from './moving-flows.ts';

const places = useMovingFlows();
let user: string;
let own: string;
let stops: (() => void)[] = [];
beforeAll(async () => {
  user = await places.newUser();
  own = personalDatabase(user, places.prefix);
});
afterAll(() => {
  for (const stop of stops) stop();
});

/** A process that does something once a space was closed and before it is deleted. */
function mover(
  onClosed: () => Promise<void>,
  clock = () => new Date(),
): { moves: Moves; directory: Directory } {
  const directory = createDirectory({ couch: places.couch, log: silentLog });
  const moves = createMoves({
    couch: places.couch,
    directory,
    outbox: { settle: onClosed } as unknown as Outbox,
    createSpace: (space) => places.spaces.createSpace(space),
    clock,
    log: silentLog,
  });
  stops = [...stops, () => moves.close(), () => directory.close()];
  return { moves, directory };
}

interface Shared {
  id: string;
  database: string;
}

async function newShared(): Promise<Shared> {
  const { id, database } = await places.spaces.createSpace({ kind: 'shared', name: 'Flow', owner: user });
  return { id, database };
}

const month = '2025-03';

/** What a browser had under way: an edit, a version, a flow and a run, all told to be stored. */
async function writeLate(
  { id: spaceId, database }: Shared,
  flow: { id: string; leaves: string[] },
): Promise<string> {
  await pushRevision(places.couch, database, { id: flow.id, name: 'late', parents: flow.leaves.slice(0, 1) });
  await keepVersion(places.couch, database, flow.id, 'saved late');
  const fresh = randomUUID();
  await pushRevision(places.couch, database, { id: fresh, name: 'new' });
  const runs = runsDatabase(database, month);
  await places.couch.createDatabase(runs, 'runs', spaceId);
  const run = executionDoc({ _id: `execution:${fresh}`, flowId: fresh });
  await places.couch.admin<object>(runs).insert(run);
  return fresh;
}

async function expectKept(id: string, fresh: string): Promise<void> {
  const there = await present(places.couch, own, id);
  expect(there.names).toContain('late');
  expect(there.versions).toBe(2);
  expect((await present(places.couch, own, fresh)).names).toEqual(['new']);
  const runs = places.couch.admin<object>(runsDatabase(own, month));
  expect(await runs.get(`execution:${fresh}`)).toMatchObject({ flowId: fresh });
}

test('what is stored in a shared space while it ends goes to its owner', async () => {
  const space = await newShared();
  const flow = await newFlow(places.couch, space.database);
  let fresh = '';
  const { moves } = mover(async () => void (fresh = await writeLate(space, flow)));
  expect(await moves.dissolve(space.id)).toBe(true);
  await expectKept(flow.id, fresh);
  expect(await places.couch.exists(space.database)).toBe(false);
});

test('a crash after the space was closed loses nothing of it', async () => {
  const space = await newShared();
  const flow = await newFlow(places.couch, space.database);
  let fresh = '';
  const { moves } = mover(async () => {
    fresh = await writeLate(space, flow);
    throw new Error('killed');
  });
  expect(await moves.dissolve(space.id)).toBe(false);
  await (await places.anotherSpaces()).spaces.finishRemovals();
  await expectKept(flow.id, fresh);
  expect(await places.couch.exists(space.database)).toBe(false);
});

test('a space that cannot be dissolved keeps nothing else from being finished', async () => {
  const { id: spaceId, database } = await newShared();
  const broken = randomUUID();
  await places.spaces.createSpace({ id: broken, kind: 'shared', name: 'Broken', owner: user });
  await places.couch.deleteDatabase(spaceDatabase(broken, places.prefix));
  for (const each of [broken, spaceId]) await places.change(each, { dissolving: true });
  const { id } = await newFlow(places.couch, database);
  const { moves } = mover(async () => {});
  await moves.sweep(new AbortController().signal);
  expect((await present(places.couch, own, id)).names).toEqual(['leaf', 'other']);
  expect(await places.couch.exists(spaceDatabase(spaceId, places.prefix))).toBe(false);
});

test('a space whose first invitation a crash prevented ends some minutes later', async () => {
  const space = await newShared();
  const { id } = await newFlow(places.couch, space.database);
  let now = Date.now();
  const { moves } = mover(
    async () => {},
    () => new Date(now),
  );
  const signal = new AbortController().signal;
  await moves.sweep(signal);
  // Another process may be about to invite somebody.
  expect((await present(places.couch, space.database, id)).names).toEqual(['leaf', 'other']);
  now += 600_000;
  await moves.sweep(signal);
  expect((await present(places.couch, own, id)).names).toEqual(['leaf', 'other']);
  expect(await places.couch.exists(space.database)).toBe(false);
});

test('a space into which somebody is invited does not end', async () => {
  const { id: spaceId, database } = await newShared();
  const inAYear = new Date(Date.now() + 365 * 86_400_000).toISOString();
  await places.change(spaceId, { invitations: { x: { state: 'open', expiresAt: inAYear } } });
  const { moves } = mover(
    async () => {},
    () => new Date(Date.now() + 3_600_000),
  );
  await moves.sweep(new AbortController().signal);
  expect(await places.couch.exists(database)).toBe(true);
});
