import { expect, test } from 'vitest';
import type { Couch } from '../../../server/couch/couch.ts';
import { failingCouch } from './failing-couch.ts';
import { gone, newFlow, present, pushRevision, useMovingFlows } from './moving-flows.ts';

const places = useMovingFlows();
const { signal } = new AbortController();

/** A flow that moved away from where it was, in the eyes of a process that begins now. */
async function start() {
  const user = await places.newUser();
  const team = await places.newTeam({ [user]: 'owner' });
  const [a, b] = [places.databaseOf(user), places.databaseOf(team)];
  const { id, leaves } = await newFlow(places.couch, a);
  const move = { from: user, to: team, by: user };
  await places.mover().moveFlow({ ...move, flowId: id });
  const { couch, ...failing } = failingCouch(await places.another(), a);
  const mover = places.mover(couch);
  return {
    a,
    mover,
    move,
    ...failing,
    edit: () => pushRevision(places.couch, a, { id, name: 'late', parents: leaves.slice(0, 1) }),
    lookAfterWrite: async () => {
      mover.afterWrite({ database: a, userId: user });
      await mover.settled();
    },
    /** The look before met the failure; the next one does not. */
    expectCarriedNext: async () => {
      expect(await present(places.couch, a, id)).toEqual({ names: ['late'], versions: 0, isMoved: true });
      await mover.sweep(signal);
      expect(await present(places.couch, a, id)).toEqual(gone);
      expect((await present(places.couch, b, id)).names).toEqual(['late', 'other']);
    },
  };
}

test('a late edit is carried although the first look of a process failed half-way', async () => {
  const { edit, fail, mover, expectCarriedNext } = await start();
  await edit();
  fail('fetchRevs');
  await mover.sweep(signal);
  await expectCarriedNext();
});

test('a late edit is carried although a look failed after a page of changes', async () => {
  const { a, edit, fail, mover, lookAfterWrite, expectCarriedNext } = await start();
  await mover.sweep(signal);
  await edit();
  const docs = Array.from({ length: 500 }, (_, n) => ({ _id: `membership:${n}`, type: 'membership' }));
  await places.couch.admin<object>(a).bulk({ docs });
  fail('changes', 2);
  await lookAfterWrite();
  await expectCarriedNext();
});

test('a late edit is carried although a look failed at another flow that went away since', async () => {
  const { a, edit, fail, mover, move, lookAfterWrite, expectCarriedNext } = await start();
  await mover.sweep(signal);
  await edit();
  const { id } = await newFlow(places.couch, a);
  await mover.moveFlow({ ...move, flowId: id });
  fail('fetchRevs');
  await lookAfterWrite();
  await expectCarriedNext();
});

test('a late edit is carried although its flow went away while those that did were listed', async () => {
  const user = await places.newUser();
  const team = await places.newTeam({ [user]: 'owner' });
  const [a, b] = [places.databaseOf(user), places.databaseOf(team)];
  const { id, leaves } = await newFlow(places.couch, a);
  const { id: another } = await newFlow(places.couch, a);
  const move = { from: user, to: team, by: user };
  await places.mover().moveFlow({ ...move, flowId: another });
  let listed: (() => Promise<void>) | undefined;
  const admin = (database: string): unknown => {
    const scope = places.couch.admin<object>(database);
    if (database !== a) return scope;
    const list = scope.list.bind(scope) as (range: { startkey?: string }) => Promise<unknown>;
    Reflect.set(scope, 'list', async (range: { startkey?: string }) => {
      const answer = await list(range);
      const then = range.startkey === 'moved:' ? listed : undefined;
      if (then) listed = undefined;
      await then?.();
      return answer;
    });
    return scope;
  };
  const mover = places.mover({ ...places.couch, admin: admin as Couch['admin'] });
  listed = () => mover.moveFlow({ ...move, flowId: id });
  mover.afterWrite({ database: a, userId: user });
  await mover.settled();
  expect(listed).toBeUndefined();
  await pushRevision(places.couch, a, { id, name: 'late', parents: leaves.slice(0, 1) });
  mover.afterWrite({ database: a, userId: user });
  await mover.settled();
  expect(await present(places.couch, a, id)).toEqual(gone);
  expect((await present(places.couch, b, id)).names).toEqual(['late', 'other']);
});
