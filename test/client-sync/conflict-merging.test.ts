import { afterEach, beforeEach, expect, test } from 'vitest';
import { documentsWithBases, readBases, releaseBases } from '../../client-sync/local/bases.ts';
import { planSettlement } from '../../client-sync/conflicts/settle.ts';
import { settleFields } from '../../client-sync/conflicts/settle-space.ts';
import { readAllLeaves } from '../../client-sync/conflicts/leaves.ts';
import { flowDocId } from '../../schema/index.ts';
import { startFlow } from '../support/flow-edits.ts';
import { openLocalDevices, type LocalDevice, type LocalDevices } from '../support/local-devices.ts';

const id = '00000000-0000-4000-8000-00000000000a';
const docId = flowDocId(id);
let devices: LocalDevices;

beforeEach(async () => {
  devices = await openLocalDevices();
});
afterEach(() => devices.close());

type Nodes = { id: string; data?: unknown; position?: { x: number; y: number } }[];

async function edit(device: LocalDevice, change: (nodes: Nodes) => Nodes): Promise<void> {
  const flow = await device.workspace.flows.read(id);
  if (!flow) throw new Error('There is no flow.');
  const nodes = change(flow.flow.nodes);
  await device.workspace.flows.save({
    id,
    flow: { ...flow.flow, nodes },
    revision: flow._rev ?? '',
  });
}

const setPrompt = (device: LocalDevice, node: string, prompt: string) =>
  edit(device, (nodes) =>
    nodes.map((one) => (one.id === node ? { ...one, data: { ...(one.data as object), prompt } } : one)),
  );

/** The prompts of the flow that shows. */
async function promptsOf(device: LocalDevice): Promise<Record<string, unknown>> {
  const flow = await device.workspace.flows.read(id);
  const nodes = (flow?.flow.nodes ?? []) as { id: string; data: { prompt?: unknown } }[];
  return Object.fromEntries(
    nodes.flatMap(({ id: node, data }) => (data.prompt === undefined ? [] : [[node, data.prompt]])),
  );
}

async function share(count: number, role: 'owner' | 'editor' = 'owner'): Promise<LocalDevice[]> {
  const open = await Promise.all(Array.from({ length: count }, () => devices.open({ role })));
  await open[0]?.workspace.flows.save({ id, ...startFlow() });
  await open[0]?.push();
  for (const device of open) await device.pull();
  return open;
}

async function leavesOf(device: LocalDevice): Promise<string[]> {
  const leaves = await readAllLeaves(device.workspace.space.main, docId);
  return leaves.map(({ ancestry }) => ancestry[0] ?? '').toSorted();
}

test('edits of different nodes merge by themselves, to the same revision on every device', async () => {
  const [a, b, c] = (await share(3)) as [LocalDevice, LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  await a.push();
  await b.push();
  await a.pull();
  await b.pull();
  expect(await a.conflicts.list()).toEqual([]);
  expect(await b.conflicts.list()).toEqual([]);
  expect(await promptsOf(a)).toEqual({ a: 'from a', b: 'from b' });
  expect(await leavesOf(a)).toEqual(await leavesOf(b));
  await a.push();
  await b.push();
  await c.pull();
  expect(await leavesOf(c)).toEqual(await leavesOf(a));
  expect(await c.conflicts.list()).toEqual([]);
  expect(await leavesOf(c)).toEqual(await leavesOf(a));
});

test('edits of the same field wait for a choice, with what the sides have in common and what each changed', async () => {
  const [a, b] = (await share(2, 'editor')) as [LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'a', 'from b');
  await a.push();
  await b.push();
  await a.pull();
  const [conflict] = await a.conflicts.list();
  expect(conflict).toMatchObject({ flowId: id, spaceId: 'space', kind: 'edit', canResolve: true });
  expect(conflict?.base?.name).toBe('Flow');
  expect(conflict?.diff.conflicts).toBe(1);
  expect(conflict?.diff.nodes).toMatchObject([
    {
      id: 'a',
      state: 'changed',
      conflict: true,
      changes: [{ path: ['flow', 'nodes', 'a', 'data', 'prompt'] }],
    },
  ]);
  await a.conflicts.resolve(id, { keep: 'local' });
  expect(await a.conflicts.list()).toEqual([]);
  expect(await promptsOf(a)).toEqual({ a: 'from a' });
  await a.push();
  await b.pull();
  expect(await b.conflicts.list()).toEqual([]);
  expect(await promptsOf(b)).toEqual({ a: 'from a' });
  const { rows } = await b.workspace.space.main.allDocs({
    startkey: `version:${id}`,
    endkey: `version:${id};`,
    include_docs: true,
  });
  expect(JSON.stringify(rows)).toContain('from b');
});

test('two people who resolve at once come to the same leaves, and the next choice ends it', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'a', 'from b');
  for (const device of [a, b]) await device.push();
  for (const device of [a, b]) await device.pull();
  await a.conflicts.list();
  await b.conflicts.list();
  await a.conflicts.resolve(id, { keep: 'local' });
  await b.conflicts.resolve(id, { keep: 'local' });
  for (const device of [a, b, a, b]) {
    await device.push();
    await device.pull();
    await device.conflicts.list();
  }
  expect(await leavesOf(a)).toEqual(await leavesOf(b));
  expect(await a.conflicts.list()).toHaveLength(1);
  await a.conflicts.resolve(id, { merged: { name: 'Agreed' } });
  await a.push();
  await b.pull();
  expect(await b.conflicts.list()).toEqual([]);
  expect((await b.workspace.flows.read(id))?.name).toBe('Agreed');
  expect(await leavesOf(a)).toEqual(await leavesOf(b));
});

test('an edit made offline to the losing side of a merge joins it, on whichever device', async () => {
  const [a, b, late] = (await share(3)) as [LocalDevice, LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  await b.push();
  await late.pull();
  await a.push();
  await a.pull();
  await a.conflicts.list();
  await a.push();
  // Both edits of the other two were merged; what is typed now builds on the one that b wrote.
  await setPrompt(late, 'b', 'later');
  await late.push();
  await late.pull();
  expect(await late.conflicts.list()).toEqual([]);
  expect(await promptsOf(late)).toEqual({ a: 'from a', b: 'later' });
  await late.push();
  for (const device of [a, b]) {
    await device.pull();
    expect(await device.conflicts.list()).toEqual([]);
    expect(await leavesOf(device)).toEqual(await leavesOf(late));
  }
});

test('a viewer writes nothing and is told that others resolve', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  const viewer = await devices.open({ role: 'viewer' });
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  for (const device of [a, b]) await device.push();
  await viewer.pull();
  const before = await leavesOf(viewer);
  expect(await viewer.conflicts.list()).toMatchObject([{ canResolve: false }]);
  await settleFields(viewer.workspace);
  expect(await leavesOf(viewer)).toEqual(before);
  await expect(viewer.conflicts.resolve(id, { keep: 'local' })).rejects.toMatchObject({ code: 'read_only' });
});

test('only the leading tab settles; the others do not show what it will settle', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  const other = await devices.open({ leads: false });
  await other.pull();
  await setPrompt(other, 'c', 'from another tab');
  await setPrompt(a, 'a', 'from a');
  await a.push();
  await other.pull();
  const before = await leavesOf(other);
  expect(before).toHaveLength(2);
  expect(await other.conflicts.list()).toEqual([]);
  expect(await leavesOf(other)).toEqual(before);
  expect(await b.conflicts.list()).toEqual([]);
});

test('rules decide: the last write shows and the other is a version, or everything is asked', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  const later = await devices.open({ rules: { flow: 'last-write-wins' } });
  const asking = await devices.open({ rules: { flow: 'ask' } });
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  for (const device of [a, b]) await device.push();
  for (const device of [later, asking]) await device.pull();
  expect(await asking.conflicts.list()).toHaveLength(1);
  expect(await later.conflicts.list()).toEqual([]);
  expect(await promptsOf(later)).toEqual({ b: 'from b' });
  const { rows } = await later.workspace.space.main.allDocs({
    startkey: 'version:',
    endkey: 'version;',
    include_docs: true,
  });
  expect(JSON.stringify(rows)).toContain('from a');
});

test('bases are kept from the first edit until a pull has followed the push, and while a conflict waits', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  const db = a.workspace.space.main;
  await releaseBases({ db, pushedThrough: Number((await db.info()).update_seq) });
  expect(await documentsWithBases(db)).toEqual(new Set());
  const first = await a.workspace.flows.read(id);
  await setPrompt(a, 'a', 'one');
  await setPrompt(a, 'a', 'two');
  expect([...(await readBases(db, docId)).keys()]).toEqual([first?._rev]);
  const pushed = Number((await db.info()).update_seq);
  await setPrompt(a, 'a', 'three');
  await releaseBases({ db, pushedThrough: pushed });
  expect(await documentsWithBases(db)).toEqual(new Set([docId]));
  await setPrompt(b, 'a', 'other');
  await b.push();
  await a.push();
  await a.pull();
  expect(await a.conflicts.list()).toHaveLength(1);
  await releaseBases({ db, pushedThrough: Number((await db.info()).update_seq) });
  expect(await documentsWithBases(db)).toEqual(new Set([docId]));
  await a.conflicts.resolve(id, { keep: 'local' });
  await a.push();
  await releaseBases({ db, pushedThrough: Number((await db.info()).update_seq) });
  expect([await documentsWithBases(db), await readBases(db, docId)]).toEqual([new Set(), new Map()]);
});

test('a crash between the versions and the merge, or after it, leaves nothing to repair', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  for (const device of [a, b]) await device.push();
  await a.pull();
  const db = a.workspace.space.main;
  const write = db.bulkDocs.bind(db);
  db.bulkDocs = () =>
    Promise.reject(Object.assign(new Error('The storage is gone.'), { name: 'UnknownError' }));
  expect(await a.conflicts.list()).toMatchObject([{ flowId: id }]);
  db.bulkDocs = write;
  expect(await a.conflicts.list()).toEqual([]);
  const leaves = await leavesOf(a);
  expect(await a.conflicts.list()).toEqual([]);
  expect(await leavesOf(a)).toEqual(leaves);
  expect(await promptsOf(a)).toEqual({ a: 'from a', b: 'from b' });
});

test('executions and devices that branched settle by their fields', async () => {
  const device = await devices.open();
  const month = await device.workspace.space.runs('2025-01');
  const run = {
    _id: 'execution:x',
    type: 'execution',
    schemaVersion: 1,
    flowId: 'f',
    flowName: '',
    flowVersion: '1.0.0',
    trigger: 'manual',
    startedAt: '2025-01-01T00:00:00.000Z',
    results: [],
  };
  const hash = (digit: string) => digit.repeat(32);
  const branch = (fields: object, digit: string, doc: object) => ({
    ...doc,
    ...fields,
    _id: (doc as typeof run)._id,
    _rev: `2-${hash(digit)}`,
    _revisions: { start: 2, ids: [hash(digit), hash('0')] },
  });
  await month.bulkDocs(
    {
      docs: [
        branch({ status: 'running', tokensUsed: 9 }, 'f', run),
        branch({ status: 'completed', completedAt: '2025-01-01T00:01:00.000Z', tokensUsed: 5 }, '1', run),
      ],
    },
    { new_edits: false },
  );
  const main = device.workspace.space.main;
  const named = {
    _id: 'device:00000000-0000-4000-8000-000000000001',
    type: 'device',
    schemaVersion: 1,
    createdAt: '2025-01-01T00:00:00.000Z',
  };
  await main.bulkDocs(
    {
      docs: [
        branch({ name: 'Old', updatedAt: '2025-01-01T00:00:00.000Z' }, 'f', named),
        branch({ name: 'New', updatedAt: '2025-01-02T00:00:00.000Z' }, '1', named),
      ],
    },
    { new_edits: false },
  );
  await settleFields(device.workspace);
  expect(await month.get('execution:x', { conflicts: true })).toMatchObject({
    status: 'completed',
    tokensUsed: 9,
  });
  expect((await month.get('execution:x', { conflicts: true }))._conflicts).toBeUndefined();
  const settled = await main.get(named._id, { conflicts: true });
  expect(settled).toMatchObject({ name: 'New' });
  expect(settled._conflicts).toBeUndefined();
});

test('a device that saved more often than histories tell still knows what its edits began from', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  for (let n = 0; n < 205; n += 1) await a.workspace.flows.save({ id, description: `Saved ${n} times` });
  await setPrompt(b, 'b', 'from b');
  await b.push();
  await a.pull();
  expect(await a.conflicts.list()).toEqual([]);
  expect(await promptsOf(a)).toEqual({ b: 'from b' });
  expect((await a.workspace.flows.read(id))?.description).toBe('Saved 204 times');
  await a.push();
  await b.pull();
  expect(await b.conflicts.list()).toEqual([]);
  expect(await leavesOf(b)).toEqual(await leavesOf(a));
});

test('whoever goes on writing a merged document writes no merge', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  for (const device of [a, b]) await device.push();
  await a.pull();
  await a.conflicts.list();
  const db = a.workspace.space.main;
  const merged = await db.get(docId);
  expect(merged.mergeVersion).toBe(1);
  expect((await a.workspace.flows.read(id))?.name).toBe('Flow');
  await a.workspace.flows.save({ id, name: 'Edited' });
  const edited = await db.get(docId);
  expect([edited.name, edited.mergeVersion, edited.mergedFrom]).toEqual(['Edited', undefined, undefined]);
  // And keeps the merge as a base: others may have edited it.
  expect([...(await readBases(db, docId)).keys()]).toContain(merged._rev);
});

test('a base that was kept where the flow moved away from still serves where it is now', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  for (const device of [a, b]) await device.push();
  const target = await devices.open();
  await target.pull();
  const leaves = await readAllLeaves(target.workspace.space.main, docId);
  const options = { rule: 'merge', mayDelete: true } as const;
  const alone = await planSettlement(target.workspace.space.main, leaves, options);
  expect(alone.open).toMatchObject([{ missing: [expect.any(String)] }]);
  const source = a.workspace.space.main;
  const shared = await planSettlement(target.workspace.space.main, leaves, {
    ...options,
    elsewhere: [source],
  });
  expect([shared.open, shared.merges.length]).toEqual([[], 1]);
  const flow = await source.get(docId);
  const release = async () =>
    releaseBases({ db: source, pushedThrough: Number((await source.info()).update_seq) });
  await source.put({ _id: `moved:${id}`, type: 'moved' });
  // Its last edit is here still, until the server has carried it over.
  await release();
  expect((await readBases(source, docId)).size).toBe(1);
  await source.put({ _id: docId, _rev: flow._rev ?? '', _deleted: true });
  await release();
  expect((await readBases(source, docId)).size).toBe(1);
});
