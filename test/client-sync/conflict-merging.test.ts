import { expect, test, vi } from 'vitest';
import { settleFields } from '../../client-sync/conflicts/settle-space.ts';
import type { LocalDevice } from '../support/local-devices.ts';
import { id, leavesOf, promptsOf, setPrompt, useSharedFlow } from './use-shared-flow.ts';

const { devices, share } = useSharedFlow();

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

test('a conflict that arrives while the flow is found settled shows', async () => {
  const [a, b, late, reader] = (await share(4)) as [LocalDevice, LocalDevice, LocalDevice, LocalDevice];
  await setPrompt(a, 'a', 'from a');
  await setPrompt(b, 'b', 'from b');
  await setPrompt(late, 'a', 'from elsewhere');
  await b.push();
  await a.pull();
  await a.conflicts.list();
  await a.push();
  await reader.pull();
  await late.push();
  const { main } = reader.workspace.space;
  const get = main.get.bind(main) as (docId: string, options: unknown) => Promise<never>;
  const reading = vi.spyOn(main, 'get').mockImplementationOnce(async (...asked: [string, unknown?]) => {
    const settled = await get(asked[0], asked[1]);
    const heard = new Promise((resolve) => reader.workspace.flowIndex.onChange(resolve));
    await reader.pull();
    await heard;
    return settled;
  });
  expect(await reader.conflicts.list()).toEqual([]);
  reading.mockRestore();
  expect(await reader.conflicts.list()).toMatchObject([{ flowId: id }]);
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
