import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { endLeaf, makeVersion, mergeDocument, type Leaf } from '../../flow/index.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { isLive, readLeaves, writeLeaves } from '../../server/spaces/moves/flow-leaves.ts';
import { join, newCaller, newTeam, type Caller } from '../server/rest/team.ts';
import { flowDoc } from '../support/fixtures/flow-fixtures.ts';
import { useSettee } from '../support/use-settee.ts';

const settee = useSettee();
let owner: Caller;
let editor: Caller;
let team: { id: string; database: string };
beforeAll(async () => {
  [owner, editor] = await Promise.all([newCaller(settee), newCaller(settee)]);
  team = await newTeam(owner);
  await join(team, { owner, who: editor });
});
const invented = `7-${'e'.repeat(32)}`;
const scope = () => settee.services.couch.admin<object>(team.database);
const leavesOf = (id: string) => readLeaves(scope(), id);
const aliveOf = async (id: string) => (await leavesOf(id)).filter(isLive);

/** A flow of the team with an attachment, as a browser pushed it. */
async function newFlow(name = 'First', id = `flow:${randomUUID()}`): Promise<{ id: string; rev: string }> {
  const _attachments = { 'a.txt': { content_type: 'text/plain', data: btoa('attached') } };
  const put = await owner.call(`PUT /db/${team.database}/${id}`, {
    ...flowDoc({ _id: id, name }),
    _attachments,
  });
  expect(put.status).toBe(201);
  return { id, rev: put.body.rev };
}

const tombstone = { type: 'flow', _deleted: true, resolvedInto: invented };

/** Pushes leaves as replication would. */
async function push(who: Caller, leaves: Leaf[]): Promise<void> {
  const docs = leaves.map(({ document, ancestry }) => {
    const ids = ancestry.map((revision) => revision.slice(revision.indexOf('-') + 1));
    const start = Number.parseInt(ancestry[0] ?? '', 10);
    return { ...document, _rev: ancestry[0], _revisions: { start, ids } };
  });
  const { status, body } = await who.call(`POST /db/${team.database}/_bulk_docs`, { docs, new_edits: false });
  expect([status, body]).toEqual([201, []]);
}

async function expectBack(id: string, name = 'First'): Promise<void> {
  await vi.waitFor(async () => {
    const { status, body } = await owner.call(`GET /db/${team.database}/${id}?conflicts=true`);
    expect([status, body.name, body._conflicts]).toEqual([200, name, undefined]);
  }, 10_000);
}

/** Everything that was noticed has been looked at. */
async function settled(): Promise<void> {
  settee.services.spaces.afterWrite({ database: team.database, source: 'engine' });
  await settee.services.spaces.endedFlows.settled();
}

test('a flow that an editor ends into nothing comes back for everybody, with its attachment', async () => {
  const { id, rev } = await newFlow();
  const put = await editor.call(`PUT /db/${team.database}/${id}`, { _id: id, _rev: rev, ...tombstone });
  expect(put.body.ok).toBe(true);
  await expectBack(id);
  const { body } = await editor.call(`GET /db/${team.database}/${id}/a.txt`);
  expect(body).toBe('attached');
  expect((await editor.call(`GET /api/flows/${id.slice(5)}`)).body).toMatchObject({
    name: 'First',
    conflicts: 0,
  });
});

test('it comes back again and again, whatever history the deletion claims', async () => {
  const { id } = await newFlow();
  for (const claimed of [[], ['f'.repeat(32)]]) {
    const [leaf] = await aliveOf(id);
    const start = Number.parseInt(leaf?.ancestry[0] ?? '', 10) + claimed.length + 1;
    const between = claimed.map((hash, index) => `${start - 1 - index}-${hash}`);
    const ancestry = [`${start}-${'d'.repeat(32)}`, ...between, ...(leaf?.ancestry ?? [])];
    await push(editor, [{ document: { _id: id, ...tombstone }, ancestry }]);
    await expectBack(id);
  }
});

test('where its content is compacted away the newest version comes back', async () => {
  const id = `flow:${randomUUID()}`;
  const documents = ['2025-03-01T00:00:00.000Z', '2025-03-03T00:00:00.000Z', '2025-03-02T00:00:00.000Z'].map(
    (updatedAt) => flowDoc({ _id: id, name: `of ${updatedAt}`, updatedAt }) as unknown as FlowDocument,
  );
  for (const document of documents) await scope().insert(makeVersion(document));
  // A history of which this database never had the content.
  const ancestry = [`3-${'c'.repeat(32)}`, `2-${'b'.repeat(32)}`, `1-${'a'.repeat(32)}`];
  await push(editor, [{ document: { _id: id, ...tombstone }, ancestry }]);
  await expectBack(id, 'of 2025-03-03T00:00:00.000Z');
});

test('a merge that arrives after the end of a leaf leaves no conflict and no copy', async () => {
  const { id, rev } = await newFlow();
  const first = (await leavesOf(id))[0] as Leaf;
  const edits = [{ description: 'mine' }, { name: 'Renamed' }].map((changes, index) => ({
    document: { ...first.document, ...changes },
    ancestry: [`2-${String(index).repeat(32)}`, rev],
  }));
  await push(editor, edits);
  const bases = new Map([[rev, first.document]]);
  const { merges, tombstones, revision } = mergeDocument({ leaves: await leavesOf(id), bases });
  expect([merges.length, tombstones.length]).toEqual([1, 1]);
  const [merge] = merges as [Leaf];
  // Both leaves end before the merge is there.
  const winner = edits.find(({ ancestry }) => ancestry[0] === merge.ancestry[1]) as Leaf;
  await push(editor, [...tombstones, endLeaf(winner, revision ?? '')]);
  await vi.waitFor(async () => expect(await aliveOf(id)).not.toEqual([]), 10_000);
  await push(editor, merges);
  await vi.waitFor(async () => {
    expect((await aliveOf(id)).map(({ ancestry }) => ancestry[0])).toEqual([revision]);
  }, 10_000);
  const { body } = await owner.call(`GET /api/flows/${id.slice(5)}`);
  expect(body).toMatchObject({ name: 'Renamed', description: 'mine', conflicts: 0 });
});

test('what an owner deletes for good, and what ended in another leaf that he deleted, stays deleted', async () => {
  const { id, rev } = await newFlow();
  const losing = {
    document: flowDoc({ _id: id, name: 'Other' }) as Leaf['document'],
    ancestry: [`1-${'0'.repeat(32)}`],
  };
  await push(editor, [losing]);
  await push(editor, [endLeaf(losing, rev)]);
  const deleted = await owner.call(`DELETE /db/${team.database}/${id}?rev=${rev}`);
  expect(deleted.status).toBe(200);
  await settled();
  expect(await aliveOf(id)).toEqual([]);
});

test('a flow that was moved away stays there, and one that came back is restored all the same', async () => {
  const { id, rev } = await newFlow();
  const bare = id.slice(5);
  const losing = {
    document: flowDoc({ _id: id, name: 'Other' }) as Leaf['document'],
    ancestry: [`1-${'0'.repeat(32)}`],
  };
  await push(editor, [losing]);
  await push(editor, [endLeaf(losing, rev)]);
  await owner.call(`POST /api/flows/${bare}/move`, { spaceId: owner.user.id });
  await settled();
  expect(await aliveOf(id)).toEqual([]);
  await owner.call(`POST /api/flows/${bare}/move`, { spaceId: team.id });
  const { body } = await editor.call(`GET /db/${team.database}/${id}`);
  await editor.call(`PUT /db/${team.database}/${id}`, { _id: id, _rev: body._rev, ...tombstone });
  await expectBack(id);
});

test('what happened while no server was there is found at the next start', async () => {
  const { id } = await newFlow();
  const other = settee.services.couch.admin<object>(team.database);
  settee.services.spaces.endedFlows.close();
  const [leaf] = await aliveOf(id);
  await writeLeaves(other, [endLeaf(leaf as Leaf, invented)]);
  await settee.restart();
  await expectBack(id);
});
