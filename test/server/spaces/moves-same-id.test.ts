import { expect, test } from 'vitest';
import { gone, newFlow, useMovingFlows, present, pushRevision } from './moving-flows.ts';

const places = useMovingFlows();

test('a flow that somebody else makes under the same id and moves takes nothing of what arrives late', async () => {
  const [user, other] = [await places.newUser(), await places.newUser()];
  const team = await places.newTeam({ [user]: 'owner' });
  // Whoever makes a space decides who is in it: the user never asked to be.
  const trap = await places.newTeam({ [other]: 'owner', [user]: 'editor' });
  const [home, there] = [places.databaseOf(user), places.databaseOf(team)];
  const { id, leaves } = await newFlow(places.couch, home);
  const mover = places.mover();
  await mover.moveFlow({ flowId: id, from: user, to: team, by: user });
  await pushRevision(places.couch, places.databaseOf(other), { id, name: 'bait' });
  await mover.moveFlow({ flowId: id, from: other, to: trap, by: other });
  for (const writers of ['known', 'unknown']) {
    await pushRevision(places.couch, home, { id, name: writers, parents: leaves.slice(0, 1) });
    if (writers === 'known') mover.afterWrite({ database: home, userId: user });
    else mover.afterUnknownWrite(home);
    await mover.sweep(new AbortController().signal);
    await mover.settled();
    expect(await present(places.couch, home, id)).toEqual(gone);
    expect((await present(places.couch, there, id)).names).toContain(writers);
  }
  expect((await present(places.couch, places.databaseOf(trap), id)).names).toEqual(['bait']);
  expect((await present(places.couch, places.databaseOf(other), id)).names).toEqual([]);
});
