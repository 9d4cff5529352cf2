import { expect, test } from 'vitest';
import { endLeaf, type Leaf } from '../../../flow/index.ts';
import { flowDocId } from '../../../schema/index.ts';
import { readLeaves, writeLeaves } from '../../../server/spaces/moves/flow-leaves.ts';
import { createEndedFlows } from '../../../server/spaces/restore-ended/ended-flows.ts';
import { silentLog } from '../couch/open-couch.ts';
import { failingCouch } from './failing-couch.ts';
import { keepVersion, present, pushRevision, useMovingFlows } from './moving-flows.ts';

const places = useMovingFlows();
const invented = `7-${'e'.repeat(32)}`;

test.each([
  ['at a flow', 'get', 1],
  ['after a page of changes', 'changes', 2],
] as const)('a flow that was ended is restored although the look failed %s', async (_where, request, nth) => {
  const team = await places.newTeam({ [await places.newUser()]: 'owner' });
  const database = places.databaseOf(team);
  const { couch, fail } = failingCouch(places.couch, database);
  const { directory } = places.mover();
  const endedFlows = createEndedFlows({ couch, directory, log: silentLog });
  const look = async (): Promise<void> => {
    endedFlows.afterWrite(database);
    await endedFlows.settled();
  };
  await look();
  const id = crypto.randomUUID();
  await pushRevision(places.couch, database, { id, name: 'first' });
  // What the engine compacts away meanwhile is restored from it.
  await keepVersion(places.couch, database, id, 'first');
  const scope = places.couch.admin<object>(database);
  const [leaf] = await readLeaves(scope, flowDocId(id));
  await writeLeaves(scope, [endLeaf(leaf as Leaf, invented)]);
  const docs = Array.from({ length: 500 }, (_, n) => ({ _id: `membership:${n}`, type: 'membership' }));
  await scope.bulk({ docs });
  fail(request, nth);
  await look();
  expect((await present(places.couch, database, id)).names).toEqual([]);
  await look();
  expect((await present(places.couch, database, id)).names).toEqual(['first']);
  endedFlows.close();
});
