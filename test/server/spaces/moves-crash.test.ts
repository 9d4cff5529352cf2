import { beforeAll, expect, test } from 'vitest';
import { readLeaves } from '../../../server/spaces/moves/flow-leaves.ts';
import { flowDocId } from '../../../schema/index.ts';
import { CrashError, crashingCouch } from './crashing-couch.ts';
import { gone, newFlow, useMovingFlows, present, pushRevision } from './moving-flows.ts';

const places = useMovingFlows();
let user: string;
let team: string;
beforeAll(async () => {
  user = await places.newUser();
  team = await places.newTeam({ [user]: 'owner' });
});

const whole = { names: ['leaf', 'other'], versions: 1, isMoved: false };

/** Somebody can always see the flow whole, whatever was cut short. */
async function isSomewhere(id: string): Promise<void> {
  const [a, b] = [places.databaseOf(user), places.databaseOf(team)];
  const both = [await present(places.couch, a, id), await present(places.couch, b, id)];
  expect(both.some(({ names }) => names.join() === 'leaf,other')).toBe(true);
  expect(both.some(({ versions }) => versions === 1)).toBe(true);
}

/** Moves with a process that is killed at its n-th write; false where it had no so many. */
async function moveAndDie(at: number, flowId: string): Promise<boolean> {
  const couch = crashingCouch(places.couch, at);
  const mover = places.mover(couch);
  const dead = await mover.moveFlow({ flowId, from: user, to: team, by: user }).then(
    () => false,
    (error: unknown) => {
      if (!(error instanceof CrashError)) throw error;
      return true;
    },
  );
  mover.close();
  mover.directory.close();
  return dead;
}

async function sweep(): Promise<void> {
  const mover = places.mover();
  await mover.sweep(new AbortController().signal);
  mover.close();
  mover.directory.close();
}

test('killed after any write, a move is finished by the next process', { timeout: 120_000 }, async () => {
  const [a, b] = [places.databaseOf(user), places.databaseOf(team)];
  const { id } = await newFlow(places.couch, a);
  const mover = places.mover();
  const [there, back] = [
    { flowId: id, from: user, to: team, by: user },
    { flowId: id, from: team, to: user, by: user },
  ];
  await mover.moveFlow(there);
  await mover.moveFlow(back);
  let deaths = 0;
  for (let isDead = true; isDead; deaths += 1) {
    isDead = await moveAndDie(deaths + 1, id);
    await isSomewhere(id);
    await sweep();
    expect([await present(places.couch, a, id), await present(places.couch, b, id)]).toEqual([gone, whole]);
    await mover.moveFlow(back);
    expect([await present(places.couch, a, id), await present(places.couch, b, id)]).toEqual([whole, gone]);
  }
  expect(deaths).toBeGreaterThan(7);
});

test(
  'an edit between the kill and the next process is in the flow afterwards',
  { timeout: 120_000 },
  async () => {
    const [a, b] = [places.databaseOf(user), places.databaseOf(team)];
    for (let at = 2; ; at += 1) {
      const { id } = await newFlow(places.couch, a);
      const [leaf] = (await readLeaves(places.couch.admin<object>(a), flowDocId(id))).filter(
        ({ document }) => document.name === 'leaf',
      );
      const isDead = await moveAndDie(at, id);
      if (!isDead) break;
      await pushRevision(places.couch, a, { id, name: 'edited', parents: leaf?.ancestry ?? [] });
      await sweep();
      expect(await present(places.couch, a, id)).toEqual(gone);
      expect(await present(places.couch, b, id)).toEqual({ ...whole, names: ['edited', 'other'] });
    }
  },
);
