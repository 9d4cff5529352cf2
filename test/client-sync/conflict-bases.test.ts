import { expect, test } from 'vitest';
import { documentsWithBases, keepSent, readBases, releaseBases } from '../../client-sync/local/bases.ts';
import { planSettlement } from '../../client-sync/conflicts/settle.ts';
import { settleFields } from '../../client-sync/conflicts/settle-space.ts';
import { readAllLeaves } from '../../client-sync/conflicts/leaves.ts';
import type { LocalDevice } from '../support/local-devices.ts';
import { docId, id, leavesOf, promptsOf, setPrompt, useSharedFlow } from './use-shared-flow.ts';

const { devices, share } = useSharedFlow();

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

test('what was sent in the middle of edits is a base for whoever edited it', async () => {
  const [a, b] = (await share(2)) as [LocalDevice, LocalDevice];
  const db = a.workspace.space.main;
  await setPrompt(a, 'a', 'sent');
  await keepSent(db, [await db.get(docId)]);
  await a.push();
  await b.pull();
  await setPrompt(b, 'b', 'from b');
  await b.push();
  await b.pull();
  await releaseBases({
    db: b.workspace.space.main,
    pushedThrough: Number((await b.workspace.space.main.info()).update_seq),
  });
  await setPrompt(a, 'a', 'later');
  await a.push();
  await a.pull();
  expect(await a.conflicts.list()).toEqual([]);
  expect(await promptsOf(a)).toEqual({ a: 'later', b: 'from b' });
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
