import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { flowDocId, personalDatabase } from '../../../schema/index.ts';
import { useSettee } from '../../support/use-settee.ts';
import { join, newCaller, newTeam, type Caller } from '../rest/team.ts';

const settee = useSettee();
const graph = { nodes: [], edges: [] };
let owner: Caller;
let editor: Caller;
let reader: Caller;
let team: { id: string; database: string };

beforeAll(async () => {
  [owner, editor, reader] = await Promise.all([newCaller(settee), newCaller(settee), newCaller(settee)]);
  team = await newTeam(owner);
  await join(team, { owner, who: editor });
});

interface Published {
  id: string;
  name: string;
  database: string;
}

async function publish(spaceId?: string): Promise<Published> {
  const name = `n${randomUUID().slice(0, 8)}`;
  const call = { name, flow: graph, visibility: 'public', ...(spaceId === undefined ? {} : { spaceId }) };
  const { status, body } = await owner.call('POST /api/flows', call);
  expect(status).toBe(201);
  const database =
    spaceId === undefined ? personalDatabase(owner.user.id, settee.services.couch.prefix) : team.database;
  return { id: body.id, name, database };
}

async function isShown({ name }: Published): Promise<boolean> {
  return (await reader.call(`GET /api/templates?search=${name}`)).body.total > 0;
}

async function expectTakenAway(flow: Published): Promise<void> {
  await vi.waitFor(async () => expect(await isShown(flow)).toBe(false), 10_000);
}

async function expectKept(flow: Published): Promise<void> {
  settee.services.spaces.afterWrite({ database: flow.database, source: 'engine' });
  await settee.services.spaces.hiddenFlows.settled();
  expect(await isShown(flow)).toBe(true);
}

/** What a device that edits offline would push. */
async function replicate(who: Caller, { id, database }: Published, changes: object): Promise<void> {
  const path = `/db/${database}/${flowDocId(id)}`;
  const { body } = await who.call(`GET ${path}?revs=true`);
  const { start, ids } = body._revisions;
  const hash = randomUUID().replaceAll('-', '');
  const _revisions = { start: start + 1, ids: [hash, ...ids] };
  const document = { ...body, ...changes, _rev: `${start + 1}-${hash}`, _revisions };
  const pushed = await who.call(`POST /db/${database}/_bulk_docs`, { docs: [document], new_edits: false });
  expect([pushed.status, pushed.body]).toEqual([201, []]);
}

async function push(who: Caller, { id, name }: Published, changes: object): Promise<void> {
  const { body } = await who.call(`GET /api/flows/${id}`);
  const local = { id, name, flow: graph, revision: body._rev ?? body.revision, ...changes };
  const pushed = await who.call('POST /api/sync/flows', { flows: [local], lastSyncAt: null });
  expect(pushed.body).toMatchObject({ synced: [id] });
}

const places = [
  ['the personal space', () => publish()],
  ['a team with editors', () => publish(team.id)],
] as const;

test.each(places)(
  'in %s what an owner pushes as private, or as deleted, is published no more',
  async (_, make) => {
    for (const changes of [{ visibility: 'private' }, { deleted: true }]) {
      const flow = await make();
      expect(await isShown(flow)).toBe(true);
      await push(owner, flow, changes);
      await expectTakenAway(flow);
    }
  },
);

test.each(places)('in %s a version from before a flow was public hides it again', async (_, make) => {
  const flow = await make();
  const path = `/api/flows/${flow.id}`;
  await owner.call(`PUT ${path}`, { visibility: 'private' });
  const { body } = await owner.call(`POST ${path}/versions`);
  await owner.call(`PUT ${path}`, { visibility: 'public' });
  await expectKept(flow);
  const { status } = await owner.call(`POST ${path}/versions/${body.id}/restore`);
  expect(status).toBe(200);
  await expectTakenAway(flow);
});

test.each(places)(
  'in %s what an owner hides or deletes by replication is published no more',
  async (_, make) => {
    for (const changes of [{ visibility: 'private' }, { deleted: true }]) {
      const flow = await make();
      await replicate(owner, flow, changes);
      await expectTakenAway(flow);
    }
  },
);

test.each(places)('in %s what an owner deletes for good is published no more', async (_, make) => {
  const flow = await make();
  const path = `/db/${flow.database}/${flowDocId(flow.id)}`;
  const { body } = await owner.call(`GET ${path}`);
  expect((await owner.call(`DELETE ${path}?rev=${body._rev}`)).status).toBe(200);
  await expectTakenAway(flow);
});

test('an editor hides no published flow, by whatever write', async () => {
  const flow = await publish(team.id);
  await push(editor, flow, { visibility: 'private' });
  await expectKept(flow);
  await replicate(editor, flow, { visibility: 'private', name: flow.name });
  await expectKept(flow);
  const { body } = await editor.call(`GET /db/${flow.database}/${flowDocId(flow.id)}`);
  const ended = {
    _id: body._id,
    _rev: body._rev,
    type: 'flow',
    _deleted: true,
    resolvedInto: `9-${'e'.repeat(32)}`,
  };
  expect((await editor.call(`PUT /db/${flow.database}/${flowDocId(flow.id)}`, ended)).body.ok).toBe(true);
  await expectKept(flow);
  await settee.services.spaces.endedFlows.settled();
  await replicate(owner, flow, { description: 'seen by an owner' });
  await expectTakenAway(flow);
});

test('a flow that moved stays published until it is hidden where it is then', async () => {
  const flow = await publish();
  await owner.call(`POST /api/flows/${flow.id}/move`, { spaceId: team.id });
  await expectKept(flow);
  const moved = { ...flow, database: team.database };
  await expectKept(moved);
  await replicate(owner, moved, { visibility: 'private' });
  await expectTakenAway(moved);
});

test('what was hidden while no server was there is found at the next start', async () => {
  const flow = await publish();
  await expectKept(flow);
  settee.services.spaces.hiddenFlows.close();
  await replicate(owner, flow, { visibility: 'private' });
  expect(await isShown(flow)).toBe(true);
  await settee.restart();
  await expectTakenAway(flow);
});
