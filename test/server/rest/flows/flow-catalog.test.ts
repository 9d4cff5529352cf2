import { expect, it } from 'vitest';
import { bareId, type FlowDocument } from '../../../../schema/index.ts';
import { createFlowCatalog } from '../../../../server/rest/flows/flow-catalog.ts';
import { createUserSpaces, type UserSpace } from '../../../../server/rest/store/user-space.ts';
import { makeFlowDocuments } from '../../../support/flows.ts';
import { useSettee } from '../../../support/use-settee.ts';
import { seedFlows } from '../seed.ts';

const settee = useSettee();

async function spaceWith(flows: FlowDocument[]) {
  const { user } = await settee.register();
  await seedFlows(settee, user.id, flows);
  return createUserSpaces(settee.services)({ userId: user.id });
}

/** The same space, noting what is read of it. */
function noting(space: UserSpace): { space: UserSpace; read: string[] } {
  const read: string[] = [];
  const { documents } = space;
  const range: typeof documents.range = (start, end, options) => {
    read.push('range');
    return documents.range(start, end, options);
  };
  const changes: typeof documents.changes = async (since, options) => {
    const page = await documents.changes<never>(since, options);
    read.push(...page.changes.map(({ id }) => id));
    return page;
  };
  return { space: { ...space, documents: { ...documents, range, changes } }, read };
}

it('reads a database once and then only what changed', async () => {
  const flows = makeFlowDocuments({ seed: 1, count: 130, size: 6_000 });
  const { space, read } = noting(await spaceWith(flows));
  const { documents } = space;
  const catalog = createFlowCatalog();
  expect((await catalog.current(space)).all()).toHaveLength(130);
  const before = read.length;
  expect(new Set(read)).toEqual(new Set(['range']));
  const [first, second] = flows as [FlowDocument, FlowDocument];
  const { _rev } = (await documents.get<FlowDocument>(first._id)) as { _rev: string };
  const renamed: FlowDocument = { ...first, _rev, name: 'Renamed' };
  await documents.insert(renamed);
  const gone = (await documents.get<FlowDocument>(second._id)) as { _rev: string };
  const tombstone = { _id: second._id, _rev: gone._rev, _deleted: true, type: 'flow' };
  await documents.insert(tombstone);
  const index = await catalog.current(space);
  expect(read.slice(before).toSorted()).toEqual([first._id, second._id].toSorted());
  expect(index.get(bareId(first._id))?.name).toBe('Renamed');
  expect(index.get(bareId(second._id))).toBeUndefined();
  expect(index.all()).toHaveLength(129);
});

it('holds only as much text as it may, and reads again what it let go', async () => {
  const spaces = await Promise.all(
    [2, 3].map(async (seed) => noting(await spaceWith(makeFlowDocuments({ seed, count: 6, size: 6_000 })))),
  );
  const [{ space: one }] = spaces as [ReturnType<typeof noting>];
  const size = (await createFlowCatalog().current(one)).size();
  const readings = async (characters: number): Promise<number> => {
    const catalog = createFlowCatalog({ characters });
    for (const { read } of spaces) read.length = 0;
    for (let round = 0; round < 3; round += 1) {
      for (const { space } of spaces) expect((await catalog.current(space)).all()).toHaveLength(6);
    }
    return spaces.flatMap(({ read }) => read).length;
  };
  expect(await readings(size * 4)).toBe(2);
  expect(await readings(Math.round(size * 1.5))).toBe(6);
});
