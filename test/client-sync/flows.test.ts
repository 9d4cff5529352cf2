import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Flow } from '../../client-sync/index.ts';
import { makeFlows } from '../support/flows.ts';
import { nowhere, openBrowser, type Browser } from './open-settee.ts';

const graph = {
  nodes: [{ id: 'a', position: { x: 0, y: 0 }, data: { label: 'Ask the oracle' } }],
  edges: [],
};

describe('flows before any account and without a network', () => {
  let browser: Browser;
  beforeEach(async () => {
    browser = await openBrowser(nowhere);
  });
  afterEach(() => browser.close());

  it('keeps unknown fields of flow, nodes and edges', async () => {
    const flow = {
      ...graph,
      nodes: [{ ...graph.nodes[0], custom: [1, { deep: true }] }],
      extra: { kept: 'yes' },
    };
    const saved = await browser.settee.flows.save({ name: 'one', flow, myField: { x: 1 } } as never);
    const read = await browser.settee.flows.get(saved.id);
    expect(read?.flow).toEqual(flow);
    expect(read?.myField).toEqual({ x: 1 });
    expect(read).toMatchObject({ version: '1.0.0', createdOnDevice: { deviceType: 'desktop' } });
    expect(read).not.toHaveProperty('_id');
    expect(Object.keys(read ?? {}).filter((key) => key.startsWith('_'))).toEqual([]);
  });

  it('writes nothing where nothing changed', async () => {
    const saved = await browser.settee.flows.save({ name: 'one', flow: graph });
    const again = await browser.settee.flows.save({ ...saved });
    const part = await browser.settee.flows.save({ id: saved.id, name: 'one' });
    expect([again.revision, part.revision]).toEqual([saved.revision, saved.revision]);
    const moved = await browser.settee.flows.save({ id: saved.id, version: '1.1.0' });
    expect(moved.revision).not.toBe(saved.revision);
    expect(moved.updatedAt >= saved.updatedAt).toBe(true);
  });

  it('changes only the fields given, and clears one by null', async () => {
    const { id } = await browser.settee.flows.save({
      name: 'one',
      description: 'two',
      tags: ['x'],
      flow: graph,
    });
    await browser.settee.flows.save({ id, name: 'three', description: null } as never);
    expect(await browser.settee.flows.get(id)).toMatchObject({ name: 'three', tags: ['x'], flow: graph });
    expect(await browser.settee.flows.get(id)).not.toHaveProperty('description');
  });

  it('refuses flows without name or graph, and ids that are no UUID', async () => {
    const { flows } = browser.settee;
    await expect(flows.save({ name: '  ', flow: graph })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(flows.save({ name: 'x' })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(flows.save({ id: 'mine', name: 'x', flow: graph })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    await expect(flows.get('mine')).resolves.toBeNull();
  });

  it('searches, filters, sorts and pages', async () => {
    const { flows } = browser.settee;
    for (const input of makeFlows({ seed: 1, count: 12 })) await flows.save(input);
    const target = await flows.save({
      name: 'Zebra crossing',
      tags: ['road', 'a'],
      category: 'traffic',
      flow: graph,
    });
    await flows.save({ name: 'About zebras', tags: ['a'], flow: { nodes: [], edges: [] } });
    const names = async (query: Parameters<typeof flows.list>[0]) =>
      (await flows.list(query)).flows.map(({ name }) => name);
    expect(await names({ search: 'ZEBRA' })).toEqual(['Zebra crossing', 'About zebras']);
    expect(await names({ search: 'oracle ask' })).toEqual(['Zebra crossing']);
    expect(await names({ tags: ['road', 'a'] })).toEqual(['Zebra crossing']);
    expect(await names({ category: 'traffic' })).toEqual(['Zebra crossing']);
    const all = await flows.list({ sort: 'name', limit: 5, offset: 9 });
    expect(all.total).toBe(14);
    expect(all.flows).toHaveLength(5);
    expect(all.flows.at(-1)?.name).toBe('Zebra crossing');
    expect((await flows.list()).flows[0]?.name).toBe('About zebras');
    await flows.remove(target.id);
    expect((await flows.list()).total).toBe(13);
    expect(await names({ deleted: true })).toEqual(['Zebra crossing']);
    expect((await flows.get(target.id))?.deletedAt).toBeTypeOf('string');
    await flows.restore(target.id);
    expect(await names({ search: 'crossing' })).toEqual(['Zebra crossing']);
    expect(await flows.get(target.id)).not.toHaveProperty('deleted');
  });

  it('calls watchers back with every change, and no more after the end', async () => {
    const { flows } = browser.settee;
    const seen: number[] = [];
    const one: (string | undefined)[] = [];
    const end = flows.watch({}, ({ total }) => seen.push(total));
    const { id } = await flows.save({ name: 'one', flow: graph });
    const endOne = flows.watchOne(id, (flow) => one.push(flow?.name));
    await expect.poll(() => seen.at(-1)).toBe(1);
    await flows.save({ id, name: 'two' });
    await expect.poll(() => one.at(-1)).toBe('two');
    end();
    endOne();
    const before = seen.length;
    await flows.save({ name: 'three', flow: graph });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen).toHaveLength(before);
  });

  it('calls no watcher back after the end of everything, not even one that reads just then', async () => {
    const { flows, executions, conflicts, refused, status } = browser.settee;
    let calls = 0;
    const count = () => (calls += 1);
    const { id } = await flows.save({ name: 'one', flow: graph });
    flows.watch({}, count);
    flows.watchOne(id, count);
    executions.watch({}, count);
    conflicts.watch(count);
    refused.subscribe(count);
    status.subscribe(count);
    await expect.poll(() => calls).toBeGreaterThan(5);
    void flows.save({ id, name: 'at the last moment' }).catch(() => {});
    await flows.save({ name: 'two', flow: graph });
    const closing = browser.settee.close();
    await closing;
    const before = calls;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(calls).toBe(before);
    await expect(flows.save({ name: 'three', flow: graph })).rejects.toMatchObject({ code: 'closed' });
    await expect(browser.settee.account.signIn({ email: 'a@example.org', password: 'x' })).rejects.toThrow();
  });

  it('holds everything after a reload', async () => {
    const saved: Flow[] = [];
    for (const input of makeFlows({ seed: 2, count: 5 })) saved.push(await browser.settee.flows.save(input));
    await browser.reload();
    const { flows } = await browser.settee.flows.list({ sort: 'created', order: 'asc' });
    expect(flows.map(({ id }) => id).toSorted()).toEqual(saved.map(({ id }) => id).toSorted());
    expect(flows.find(({ id }) => id === saved[0]?.id)).toEqual(saved[0]);
  });

  it('combines a late save with changes of other fields, and keeps both sides of the same field', async () => {
    const { flows, conflicts } = browser.settee;
    const first = await flows.save({ name: 'one', description: 'd', flow: graph });
    await flows.save({ id: first.id, description: 'changed meanwhile' });
    const combined = await flows.save({ ...first, name: 'renamed' });
    expect(combined).toMatchObject({ name: 'renamed', description: 'changed meanwhile' });
    await flows.save({ ...first, name: 'another name' });
    const [conflict] = await conflicts.list();
    expect(conflict?.leaves.map(({ flow }) => flow?.name).toSorted()).toEqual(['another name', 'renamed']);
    expect(conflict?.local?.name).toBe('another name');
    await conflicts.resolve(first.id, { keep: 'local' });
    expect((await flows.get(first.id))?.name).toBe('another name');
    expect(await conflicts.list()).toEqual([]);
    expect((await browser.settee.versions.list(first.id)).map(({ flow }) => flow.name)).toEqual(['renamed']);
  });
});
