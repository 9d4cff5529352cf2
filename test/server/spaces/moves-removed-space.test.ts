import { beforeAll, expect, test } from 'vitest';
import type { Couch } from '../../../server/couch/couch.ts';
import { markMoved } from '../../../server/spaces/moves/move-marks.ts';
import { isLive, readLeaves, tombstoneOf, writeLeaves } from '../../../server/spaces/moves/flow-leaves.ts';
import { createMoveJournal } from '../../../server/spaces/moves/move-journal.ts';
import type { Spaces } from '../../../server/spaces/spaces.ts';
import { flowDocId } from '../../../schema/index.ts';
import { CrashError, crashingCouch } from './crashing-couch.ts';
import { newFlow, present, useMovingFlows } from './moving-flows.ts';

const places = useMovingFlows();
let user: string;
let other: Spaces;
beforeAll(async () => {
  user = await places.newUser();
  ({ spaces: other } = await places.anotherSpaces());
});

const names = ['leaf', 'other'];

/** Calls `before` before the n-th write. */
function interrupted(couch: Couch, at: number, before: () => Promise<void>): Couch {
  let count = 0;
  const admin = (database: string): unknown => {
    const scope = couch.admin<object>(database);
    for (const name of ['insert', 'bulk', 'destroy']) {
      const write = Reflect.get(scope, name) as (...given: unknown[]) => Promise<unknown>;
      Reflect.set(scope, name, async (...given: unknown[]) => {
        count += 1;
        if (count === at) await before();
        return write(...given);
      });
    }
    return scope;
  };
  return { ...couch, admin: admin as Couch['admin'] };
}

async function start() {
  const team = await places.newTeam({ [user]: 'owner' });
  const { id } = await newFlow(places.couch, places.databaseOf(user));
  return { team, id, move: { flowId: id, from: user, to: team, by: user } };
}

test('a flow is never lost where its target is deleted meanwhile', { timeout: 120_000 }, async () => {
  const ends = new Set<string>();
  for (let at = 1, isAsked = true; isAsked; at += 1) {
    const { team, id, move } = await start();
    isAsked = false;
    let removal = '';
    const couch = interrupted(places.couch, at, async () => {
      isAsked = true;
      removal = await other.removeSpace(team, user).then(
        () => 'deleted',
        (error: { code?: string }) => String(error.code),
      );
    });
    const mover = places.mover(couch);
    const moved = await mover.moveFlow(move).then(
      () => 'moved',
      (error: { code?: string }) => String(error.code),
    );
    if (!isAsked) break;
    const isDeleted = removal === 'deleted';
    expect([removal, moved]).toEqual(isDeleted ? ['deleted', 'not_found'] : ['conflict', 'moved']);
    const home = places.databaseOf(isDeleted ? user : team);
    expect(await present(places.couch, home, id)).toEqual({ names, versions: 1, isMoved: false });
    ends.add(removal);
    if (isDeleted) continue;
    await other.removeSpace(team, user);
    expect(await places.couch.exists(places.databaseOf(team))).toBe(false);
  }
  expect(ends).toEqual(new Set(['deleted', 'conflict']));
});

test('a removal finishes the move that a crash left, whoever asks for it', { timeout: 60_000 }, async () => {
  for (let at = 3; at < 8; at += 1) {
    const { team, id, move } = await start();
    const dead = places.mover(crashingCouch(places.couch, at));
    await expect(dead.moveFlow(move)).rejects.toThrow(CrashError);
    const removal = await other.removeSpace(team, user).then(
      () => 'deleted',
      (error: { code?: string }) => String(error.code),
    );
    const home = places.databaseOf(removal === 'deleted' ? user : team);
    expect((await present(places.couch, home, id)).names).toEqual(names);
  }
});

test('what ended where it was comes back where its target went all the same', async () => {
  const { team, id, move } = await start();
  const scope = places.couch.admin<object>(places.databaseOf(user));
  const journal = createMoveJournal(places.couch);
  const startedAt = new Date().toISOString();
  const written = await journal.write({
    ...move,
    _id: `move:${id}`,
    type: 'move',
    moveId: 'cut short',
    state: 'moving',
    startedAt,
    left: [user],
  });
  if (written === null) throw new Error('The journal was not written.');
  await markMoved(scope, written, { id: team, kind: 'team' });
  await writeLeaves(scope, (await readLeaves(scope, flowDocId(id))).filter(isLive).map(tombstoneOf));
  await places.change(team, { removing: true, members: {} });
  await places.mover().sweep(new AbortController().signal);
  expect(await present(places.couch, places.databaseOf(user), id)).toMatchObject({ names, isMoved: false });
});
