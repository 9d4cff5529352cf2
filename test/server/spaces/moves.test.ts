import { expect, test } from 'vitest';
import { isLive, readLeaves, readRevision } from '../../../server/spaces/moves/flow-leaves.ts';
import { flowDocId } from '../../../schema/index.ts';
import { gone, keepVersion, newFlow, useMovingFlows, present, pushRevision } from './moving-flows.ts';

const places = useMovingFlows();

const whole = { names: ['leaf', 'other'], versions: 1, isMoved: false };

async function start() {
  const user = await places.newUser();
  const team = await places.newTeam({ [user]: 'owner' });
  const [a, b] = [places.databaseOf(user), places.databaseOf(team)];
  const flow = await newFlow(places.couch, a);
  const there = { flowId: flow.id, from: user, to: team, by: user };
  const back = { flowId: flow.id, from: team, to: user, by: user };
  return { user, team, a, b, ...flow, there, back, mover: places.mover() };
}

test('a flow moves with its conflicts and versions, and word of it stays', async () => {
  const { mover, a, b, id, there, user, team, leaves } = await start();
  await mover.moveFlow(there);
  expect(await present(places.couch, b, id)).toEqual(whole);
  expect(await present(places.couch, a, id)).toEqual(gone);
  const moved = await places.couch.admin<Record<string, unknown>>(a).get(`moved:${id}`);
  expect(moved).toMatchObject({ type: 'moved', flowId: id, to: { spaceId: team, kind: 'team' } });
  const stamps = await readLeaves(places.couch.admin<object>(b), flowDocId(id));
  expect(new Set(stamps.map(({ ancestry }) => ancestry[1]))).toEqual(new Set(leaves));
  for (const { document, ancestry } of stamps) {
    expect(document).toMatchObject({ spaceId: team, movedFrom: { spaceId: user, revision: ancestry[1] } });
  }
  // And with what they have in common, on which they can be merged.
  const base = stamps[0]?.ancestry[2] ?? '';
  const { document } = (await readRevision(places.couch.admin<object>(b), flowDocId(id), base)) ?? {};
  expect(document).toMatchObject({ name: 'first' });
});

test('it comes back and goes again, with edits between and without', async () => {
  const { mover, a, b, id, there, back } = await start();
  for (const round of [1, 2, 3]) {
    await mover.moveFlow(there);
    expect([await present(places.couch, a, id), await present(places.couch, b, id)]).toEqual([gone, whole]);
    if (round === 2) {
      const leaves = await readLeaves(places.couch.admin<object>(b), flowDocId(id));
      const leaf = leaves.find(isLive);
      const name = String(leaf?.document.name);
      await pushRevision(places.couch, b, { id, name, parents: leaf?.ancestry ?? [] });
    }
    await mover.moveFlow(back);
    expect([await present(places.couch, a, id), await present(places.couch, b, id)]).toEqual([whole, gone]);
  }
});

test('moving twice changes nothing, and only owners move, into where they may write', async () => {
  const { mover, user, team, b, id, there } = await start();
  const stranger = await places.newUser();
  const readOnly = await places.newTeam({ [user]: 'viewer', [stranger]: 'owner' });
  await expect(mover.moveFlow({ ...there, to: readOnly })).rejects.toMatchObject({ code: 'read_only' });
  await expect(mover.moveFlow({ ...there, by: stranger })).rejects.toMatchObject({ code: 'not_found' });
  await expect(mover.moveFlow({ ...there, to: 'templates' })).rejects.toMatchObject({ code: 'not_found' });
  await mover.moveFlow(there);
  const before = await readLeaves(places.couch.admin<object>(b), flowDocId(id));
  await mover.moveFlow(there);
  expect(await readLeaves(places.couch.admin<object>(b), flowDocId(id))).toEqual(before);
  const elsewhere = await places.newTeam({ [user]: 'owner' });
  await expect(mover.moveFlow({ ...there, to: elsewhere })).rejects.toMatchObject({ code: 'not_found' });
  await mover.moveFlow({ ...there, from: team, to: elsewhere });
  expect(await present(places.couch, places.databaseOf(elsewhere), id)).toEqual(whole);
});

test('attachments come along', async () => {
  const { mover, a, b, id, there } = await start();
  const scope = places.couch.admin<object>(a);
  const { _rev } = await scope.get(flowDocId(id));
  await scope.attachment.insert(flowDocId(id), 'note.txt', 'kept', 'text/plain', { rev: _rev });
  await mover.moveFlow(there);
  const note = await places.couch.admin<object>(b).attachment.get(flowDocId(id), 'note.txt');
  expect(String(note)).toBe('kept');
});

test('two processes that move the same flow make one move of it', async () => {
  const { mover, a, b, id, there } = await start();
  const other = places.mover(await places.another());
  await Promise.all([mover.moveFlow(there), other.moveFlow(there)]);
  expect([await present(places.couch, a, id), await present(places.couch, b, id)]).toEqual([gone, whole]);
});

test('an edit that arrives later is carried to the flow, and what it was made on says no more', async () => {
  const { mover, a, b, id, there, user, leaves } = await start();
  await mover.moveFlow(there);
  const [leaf = ''] = leaves;
  const first = (await readLeaves(places.couch.admin<object>(a), flowDocId(id))).flatMap(
    ({ ancestry }) => ancestry,
  );
  const parents = [leaf, first.find((revision) => revision.startsWith('1-')) ?? ''];
  await pushRevision(places.couch, a, { id, name: 'offline', parents });
  await keepVersion(places.couch, a, id, 'saved offline');
  mover.afterWrite({ database: a, userId: user });
  await mover.settled();
  expect(await present(places.couch, a, id)).toEqual(gone);
  expect(await present(places.couch, b, id)).toEqual({ ...whole, names: ['offline', 'other'], versions: 2 });
});

test('a late edit of somebody who may not write there becomes one copy in his own space', async () => {
  const { mover, user, team, b, id, there } = await start();
  const member = await places.newUser();
  const viewing = await places.newTeam({ [user]: 'owner', [member]: 'viewer' });
  await places.change(team, { members: { [user]: 'owner', [member]: 'editor' } });
  await mover.moveFlow(there);
  const known = await readLeaves(places.couch.admin<object>(b), flowDocId(id));
  await mover.moveFlow({ ...there, from: team, to: viewing });
  for (const _again of [1, 2]) {
    await pushRevision(places.couch, b, { id, name: 'late', parents: known.find(isLive)?.ancestry ?? [] });
    mover.afterWrite({ database: b, userId: member });
    await mover.settled();
  }
  expect(await present(places.couch, b, id)).toEqual(gone);
  expect(await present(places.couch, places.databaseOf(viewing), id)).toEqual(whole);
  const own = places.couch.admin<Record<string, unknown>>(places.databaseOf(member));
  const copies = (await own.list({ include_docs: true, startkey: 'flow:', endkey: 'flow;' })).rows;
  expect(copies.map(({ doc }) => doc)).toEqual([expect.objectContaining({ name: 'late', parentFlowId: id })]);
});

test('a late edit that nobody saw arrive is found by the next sweep', async () => {
  const { mover, a, b, id, there, leaves } = await start();
  await mover.moveFlow(there);
  await pushRevision(places.couch, a, { id, name: 'unseen', parents: leaves.slice(0, 1) });
  await places.mover(await places.another()).sweep(new AbortController().signal);
  expect(await present(places.couch, a, id)).toEqual(gone);
  expect((await present(places.couch, b, id)).names).toEqual(['other', 'unseen']);
});
