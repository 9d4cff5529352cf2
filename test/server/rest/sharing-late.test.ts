import { beforeAll, expect, test, vi } from 'vitest';
import { useSettee } from '../../support/use-settee.ts';
import { join, newCaller, newTeam, readDocuments, type Caller } from './team.ts';

const graph = { nodes: [{ id: 'a', position: { x: 0, y: 0 }, data: { label: 'Start' } }], edges: [] };
const ownHash = '0123456789abcdef0123456789abcdef';
const settee = useSettee();
let owner: Caller;
let other: Caller;

beforeAll(async () => {
  [owner, other] = await Promise.all([newCaller(settee), newCaller(settee)]);
});
async function newFlow(fields: object = {}): Promise<string> {
  const { body } = await owner.call('POST /api/flows', { name: 'First', flow: graph, ...fields });
  return body.id;
}

const personalOf = async (who: Caller) => (await who.call('GET /api/spaces')).body.spaces[0].database;

/** What a device has of a flow. */
async function replicate(who: Caller, database: string, id: string) {
  return (await who.call(`GET /db/${database}/flow:${id}?revs=true`)).body;
}

/** Pushes an edit of it as any PouchDB would. */
async function push(
  who: Caller,
  database: string,
  {
    changes,
    of,
    hash = 'abcdef0123456789abcdef0123456789',
  }: { changes: object; of: { _revisions: { start: number; ids: string[] } }; hash?: string },
) {
  const { start, ids } = of._revisions;
  const edit = { ...of, ...changes, _rev: `${start + 1}-${hash}` };
  const docs = [{ ...edit, _revisions: { start: start + 1, ids: [hash, ...ids] } }];
  const { status, body } = await who.call(`POST /db/${database}/_bulk_docs`, { docs, new_edits: false });
  expect([status, body]).toEqual([201, []]);
}

test('an edit that a second device of the owner made before the first share arrives in the shared flow', async () => {
  const id = await newFlow();
  const database = await personalOf(owner);
  const of = await replicate(owner, database, id);
  await owner.call(`PUT /api/flows/${id}/contributors/${other.user.id}`, { role: 'editor' });
  await push(owner, database, { of, changes: { description: 'offline' } });
  await vi.waitFor(async () => {
    const { body } = await other.call(`GET /api/flows/${id}`);
    expect(body).toMatchObject({ description: 'offline', conflicts: 0 });
  }, 10_000);
  await vi.waitFor(
    async () => expect(await readDocuments(owner, database, `flow:${id}`)).toEqual([]),
    10_000,
  );
});

test('a late edit of somebody who lost the flow becomes a copy of his', async () => {
  const team = await newTeam(owner);
  await join(team, { owner, who: other });
  const id = await newFlow({ spaceId: team.id });
  const of = await replicate(other, team.database, id);
  const moved = await owner.call(`PUT /api/flows/${id}`, { visibility: 'private', description: 'mine now' });
  expect(moved.body).toMatchObject({ spaceId: owner.user.id, visibility: 'private' });
  await push(other, team.database, { of, changes: { description: 'late' } });
  const copies = async () => (await other.call('GET /api/flows')).body.flows.filter(isCopy);
  const isCopy = (flow: { parentFlowId?: string }) => flow.parentFlowId === id;
  await vi.waitFor(async () => expect(await copies()).toHaveLength(1), 10_000);
  expect(await copies()).toEqual([expect.objectContaining({ description: 'late', spaceId: other.user.id })]);
  expect((await owner.call(`GET /api/flows/${id}`)).body).toMatchObject({
    description: 'mine now',
    conflicts: 0,
  });
});

test('late edits that two people send at the same moment go each where its author may have it', async () => {
  const team = await newTeam(owner);
  await join(team, { owner, who: other });
  const ids = await Promise.all(Array.from({ length: 5 }, () => newFlow({ spaceId: team.id })));
  for (const id of ids) {
    const of = await replicate(other, team.database, id);
    await owner.call(`POST /api/flows/${id}/move`, { spaceId: owner.user.id });
    await Promise.all([
      push(other, team.database, { of, changes: { description: 'of the other' } }),
      push(owner, team.database, { of, changes: { name: 'of the owner' }, hash: ownHash }),
    ]);
  }
  const flowsOf = async (who: Caller) => {
    const { flows } = (await who.call('GET /api/flows?limit=100')).body;
    return flows.filter((flow: { id: string; parentFlowId?: string }) =>
      [flow.id, flow.parentFlowId].some((id) => id !== undefined && ids.includes(id)),
    );
  };
  await vi.waitFor(async () => {
    expect(await flowsOf(other)).toEqual(
      ids.map(() => expect.objectContaining({ name: 'First', description: 'of the other' })),
    );
    expect(await flowsOf(owner)).toEqual(
      ids.map(() => expect.objectContaining({ name: 'of the owner', conflicts: 0 })),
    );
  }, 10_000);
  expect((await flowsOf(owner)).map(({ id }: { id: string }) => id).toSorted()).toEqual(ids.toSorted());
});

test('a plain client edits a shared flow as it read it, and the edit counts for more than the move', async () => {
  const id = await newFlow();
  const shared = await owner.call(`PUT /api/flows/${id}/contributors/${other.user.id}`, { role: 'editor' });
  const { spaces } = (await other.call('GET /api/spaces')).body;
  const { database } = spaces.find((space: { id: string }) => space.id === shared.body.spaceId);
  const of = await replicate(other, database, id);
  expect(of.movedFrom.generation).toBe(of._revisions.start);
  await push(other, database, { of, changes: { description: 'replicated' } });
  const { _revisions, ...read } = await replicate(other, database, id);
  expect(read.description).toBe('replicated');
  const put = await other.call(`PUT /db/${database}/flow:${id}`, { ...read, name: 'written' });
  expect(put.status).toBe(201);
  const claimed = { ...read, _rev: put.body.rev, movedFrom: { ...read.movedFrom, generation: 4 } };
  expect((await other.call(`PUT /db/${database}/flow:${id}`, claimed)).status).toBe(403);
  await owner.call(`DELETE /api/flows/${id}/contributors/${other.user.id}`);
  const { body } = await owner.call(`GET /api/flows/${id}`);
  expect(body).toMatchObject({ name: 'written', description: 'replicated', spaceId: owner.user.id });
});
