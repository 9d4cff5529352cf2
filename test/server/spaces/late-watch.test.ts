import { expect, test } from 'vitest';
import type { Couch } from '../../../server/couch/couch.ts';
import { gone, newFlow, present, pushRevision, useMovingFlows } from './moving-flows.ts';

const places = useMovingFlows();
const { signal } = new AbortController();

type Request = 'fetchRevs' | 'changes';

/** A connection on which one request to a database fails: the nth of its kind from when that is said. */
function failingCouch(couch: Couch, failingDatabase: string) {
  const left = { fetchRevs: 0, changes: 0 };
  const admin = (database: string): unknown => {
    const scope = couch.admin<object>(database);
    if (database !== failingDatabase) return scope;
    for (const request of ['fetchRevs', 'changes'] as const) {
      const ask = Reflect.get(scope, request) as (...given: unknown[]) => Promise<unknown>;
      Reflect.set(scope, request, async (...given: unknown[]) => {
        left[request] -= 1;
        if (left[request] === 0) throw new Error('The engine is away.');
        return ask(...given);
      });
    }
    return scope;
  };
  return {
    couch: { ...couch, admin: admin as Couch['admin'] },
    fail: (request: Request, nth = 1) => void (left[request] = nth),
  };
}

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
