import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SetteeClientError } from '../../client-sync/index.ts';
import { createAutosave } from '../../client-sync/local/autosave.ts';
import { nowhere, openBrowser, type Browser } from './open-settee.ts';

const graph = { nodes: [{ id: 'a', position: { x: 0, y: 0 } }], edges: [] };
const moved = { nodes: [{ id: 'a', position: { x: 5, y: 0 } }], edges: [] };

let browser: Browser;
afterEach(() => browser.close());

describe('versions', () => {
  beforeEach(async () => {
    browser = await openBrowser(nowhere);
  });

  it('keep the flow as it was, count its number on, and keep the same content once', async () => {
    const { flows, versions } = browser.settee;
    const flow = await flows.save({ name: 'one', flow: graph });
    const first = await versions.save(flow.id, { changes: 'the beginning' });
    expect(first.flow).toMatchObject({ name: 'one', version: '1.0.0', flow: graph });
    expect((await versions.save(flow.id)).id).toBe(first.id);
    expect(await flows.get(flow.id)).toMatchObject({
      version: '1.0.1',
      versionHistory: [{ version: '1.0.0', changes: 'the beginning' }],
    });
    await flows.save({ id: flow.id, flow: moved });
    await versions.save(flow.id);
    expect((await versions.list(flow.id)).map(({ flow: { version } }) => version)).toEqual([
      '1.0.1',
      '1.0.0',
    ]);
  });

  it('come back, and what they replace becomes a version', async () => {
    const { flows, versions } = browser.settee;
    const { id } = await flows.save({ name: 'one', flow: graph, tags: ['old'] });
    const first = await versions.save(id);
    await flows.save({ id, name: 'two', flow: moved, tags: ['new'], description: 'more' });
    const restored = await versions.restore(id, first.id);
    expect(restored).toMatchObject({ id, name: 'one', flow: graph, tags: ['old'], version: '1.0.1' });
    expect(restored).not.toHaveProperty('description');
    expect((await versions.list(id)).map(({ flow }) => flow.name)).toEqual(['two', 'one']);
    expect((await versions.restore(id, first.id)).revision).toBe(restored.revision);
  });

  it('keep what a save loses whose edge leads to a node that was removed meanwhile', async () => {
    const { flows, versions } = browser.settee;
    const nodes = ['a', 'b', 'c'].map((id) => ({ id, position: { x: 0, y: 0 } }));
    const { id, revision = '' } = await flows.save({ name: 'one', flow: { nodes, edges: [] } });
    await flows.save({ id, flow: { nodes: nodes.slice(0, 2), edges: [] } });
    const edge = { id: 'a-c', source: 'a', target: 'c' };
    const saved = await flows.save({ id, revision, description: 'mine', flow: { nodes, edges: [edge] } });
    expect(saved).toMatchObject({ description: 'mine', flow: { nodes: nodes.slice(0, 2), edges: [] } });
    const kept = (await versions.list(id)).map(({ flow }) => flow.flow.edges);
    expect(kept).toContainEqual([edge]);
  });

  it('of unknown flows and numbers are refused', async () => {
    const { flows, versions } = browser.settee;
    await expect(versions.save(randomUUID())).rejects.toMatchObject({ code: 'flow_not_found' });
    const { id } = await flows.save({ name: 'one', flow: graph });
    await expect(versions.restore(id, 'version:none')).rejects.toMatchObject({ code: 'version_not_found' });
    expect(await versions.list(id)).toEqual([]);
  });
});

describe('autosave', () => {
  beforeEach(async () => {
    browser = await openBrowser(nowhere, { autosaveMilliseconds: 60 });
  });

  it('writes once when the changes pause, and says so', async () => {
    const { flows } = browser.settee;
    const saved = await flows.save({ name: 'one', flow: graph });
    const autosave = flows.autosave(saved.id);
    const states: string[] = [];
    autosave.subscribe((state) => states.push(state));
    for (const name of ['o', 'on', 'once']) autosave.change({ name });
    expect(autosave.state()).toBe('idle');
    expect((await flows.get(saved.id))?.name).toBe('one');
    await expect.poll(() => autosave.state()).toBe('saved');
    const after = await flows.get(saved.id);
    expect(after?.name).toBe('once');
    expect(after?.revision?.startsWith('2-')).toBe(true);
    expect(states).toEqual(['saving', 'saved']);
    await autosave.close();
  });

  it('writes nothing where nothing changed, and nothing for a flow that was never saved', async () => {
    const { flows } = browser.settee;
    const saved = await flows.save({ name: 'one', flow: graph });
    const autosave = flows.autosave(saved.id);
    autosave.change({ name: 'one', flow: structuredClone(graph) });
    await autosave.flush();
    expect((await flows.get(saved.id))?.revision).toBe(saved.revision);
    const unsaved = randomUUID();
    const other = flows.autosave(unsaved);
    other.change({ name: 'draft', flow: graph });
    await other.flush();
    expect(other.state()).toBe('idle');
    expect(await flows.get(unsaved)).toBeNull();
  });

  it('tells of an error, and keeps the change for the next try', async () => {
    const { flows } = browser.settee;
    const { id } = await flows.save({ name: 'one', flow: graph });
    const autosave = flows.autosave(id);
    autosave.change({ name: '', description: 'kept' });
    await expect(autosave.flush()).rejects.toBeInstanceOf(SetteeClientError);
    expect(autosave.state()).toBe('error');
    autosave.change({ name: 'mended' });
    await autosave.flush();
    expect(await flows.get(id)).toMatchObject({ name: 'mended', description: 'kept' });
  });

  it('is written at the latest when everything closes', async () => {
    const { flows } = browser.settee;
    const { id } = await flows.save({ name: 'one', flow: graph });
    flows.autosave(id).change({ name: 'in the last moment' });
    await browser.reload();
    expect((await browser.settee.flows.get(id))?.name).toBe('in the last moment');
  });

  it('does not overwrite what another place has changed since', async () => {
    const { flows, conflicts } = browser.settee;
    const { id } = await flows.save({ name: 'one', flow: graph });
    const autosave = flows.autosave(id);
    autosave.change({ flow: moved });
    await flows.save({ id, name: 'renamed elsewhere' });
    await autosave.flush();
    expect(await flows.get(id)).toMatchObject({ name: 'renamed elsewhere', flow: moved });
    expect(await conflicts.list()).toEqual([]);
  });

  it.each([
    ['is written', 'typed'],
    ['cannot be written', ''],
  ])(
    'does not take changes from elsewhere as seen by the next key while a change %s',
    async (_what, name) => {
      const { flows, conflicts } = browser.settee;
      const { id } = await flows.save({ name: 'one', flow: graph });
      let meanwhile = () => {};
      const get = (flowId: string) => {
        meanwhile();
        return flows.get(flowId);
      };
      const autosave = createAutosave({ flowId: id, milliseconds: 60, get, save: flows.save, onClose() {} });
      autosave.change({ name });
      await flows.save({ id, name: 'renamed elsewhere' });
      meanwhile = () => {
        meanwhile = () => {};
        autosave.change({ name: 'typed on' });
      };
      await autosave.flush().catch(() => {});
      await autosave.close();
      const [conflict] = await conflicts.list();
      const names = conflict?.leaves.map(({ flow }) => flow?.name);
      expect(names?.toSorted()).toEqual(['renamed elsewhere', 'typed on']);
    },
  );

  it('saves once the flow can be read again', async () => {
    const { flows } = browser.settee;
    const { id } = await flows.save({ name: 'one', flow: graph });
    let isReadable = false;
    const get = (flowId: string) =>
      isReadable ? flows.get(flowId) : Promise.reject(new Error('unreadable'));
    const autosave = createAutosave({ flowId: id, milliseconds: 60, get, save: flows.save, onClose() {} });
    autosave.change({ name: 'typed' });
    await expect(autosave.flush()).rejects.toThrow('unreadable');
    isReadable = true;
    autosave.change({ name: 'typed on' });
    await autosave.close();
    expect(await flows.get(id)).toMatchObject({ name: 'typed on' });
  });
});

describe('executions', () => {
  const day = 86_400_000;
  let now = Date.UTC(2026, 2, 15);
  beforeEach(async () => {
    now = Date.UTC(2026, 2, 15);
    browser = await openBrowser(nowhere, { environment: { now: () => now } });
  });

  it('are listed newest first over the months, with filters and pages', async () => {
    const { flows, executions } = browser.settee;
    const flow = await flows.save({ name: 'one', flow: graph });
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      now += 5 * day;
      ids.unshift((await executions.start({ flowId: n % 2 ? flow.id : randomUUID() })).id);
    }
    expect((await executions.list()).executions.map(({ id }) => id)).toEqual(ids);
    expect((await executions.list({ flowId: flow.id })).total).toBe(3);
    const page = await executions.list({ limit: 2, offset: 1 });
    expect(page.executions.map(({ id }) => id)).toEqual(ids.slice(1, 3));
    const seen: number[] = [];
    const end = executions.watch({ status: 'running' }, ({ total }) => seen.push(total));
    await executions.complete(ids[5] as string, { status: 'failed', error: 'no', failedNodeId: 'a' });
    await expect.poll(() => seen.at(-1)).toBe(5);
    end();
    expect(await executions.get(ids[5] as string)).toMatchObject({
      status: 'failed',
      error: 'no',
      duration: 25 * day,
      startedAt: new Date(Date.UTC(2026, 2, 20)).toISOString(),
    });
    await expect(executions.complete(randomUUID(), { status: 'completed' })).rejects.toMatchObject({
      code: 'execution_not_found',
    });
    expect(await executions.get(randomUUID())).toBeNull();
  });
});

describe('devices', () => {
  it('keep their identity and name through a restart', async () => {
    browser = await openBrowser(nowhere, { device: { name: 'kitchen' } });
    const device = browser.settee.devices.current();
    expect(device).toMatchObject({ name: 'kitchen', current: true });
    await browser.settee.devices.rename('  study ');
    await expect(browser.settee.devices.rename(' ')).rejects.toMatchObject({ code: 'invalid_input' });
    await browser.reload();
    expect(await browser.settee.devices.list()).toEqual([{ ...device, name: 'study' }]);
  });
});
