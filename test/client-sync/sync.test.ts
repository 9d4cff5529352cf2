import { describe, expect, it } from 'vitest';
import type { Flow, SyncStatus } from '../../client-sync/index.ts';
import { makeFlows } from '../support/flows.ts';
import type { Browser } from './open-settee.ts';
import { graph, newEmail, password, patient, useBrowsers } from './use-browsers.ts';

describe('sync between browsers of one person', () => {
  const { server, open, openPair } = useBrowsers();
  const all = async ({ settee }: Browser) => {
    const { flows } = await settee.flows.list({ limit: 10_000, sort: 'name' });
    return flows;
  };
  const names = async (browser: Browser) => (await all(browser)).map(({ name }) => name);
  const becomes = (browser: Browser, state: SyncStatus['state']) =>
    expect.poll(() => browser.settee.status.get().state, patient).toBe(state);

  it('brings flows to the other browser, whole, and settles', async () => {
    const [a, b] = await openPair();
    for (const input of makeFlows({ seed: 3, count: 20 })) await a.settee.flows.save(input);
    await expect.poll(async () => (await all(b)).length, patient).toBe(20);
    expect(await all(b)).toEqual(await all(a));
    await becomes(a, 'up-to-date');
    await becomes(b, 'up-to-date');
    expect(a.settee.status.get()).toMatchObject({ pending: { push: 0, pull: 0 }, signedOut: false });
    expect(a.settee.status.get().lastSyncAt).toBeTypeOf('string');
  });

  it('brings edits made offline together', async () => {
    const [a, b] = await openPair();
    const saved: Flow[] = [];
    for (const name of ['one', 'two', 'three']) saved.push(await a.settee.flows.save({ name, flow: graph }));
    await expect.poll(() => names(b), patient).toHaveLength(3);
    a.network.cut();
    await a.settee.flows.save({ ...saved[0], name: 'one, offline' });
    await b.settee.flows.save({ id: saved[1]?.id, name: 'two, elsewhere' });
    await becomes(a, 'offline');
    expect(a.settee.status.get().pending.push).toBe(1);
    await expect(a.settee.sync.now()).rejects.toMatchObject({ code: 'offline' });
    a.network.mend();
    await a.settee.sync.now();
    await expect.poll(() => names(b), patient).toEqual(['one, offline', 'three', 'two, elsewhere']);
    expect(await names(a)).toEqual(await names(b));
    expect(await a.settee.conflicts.list()).toEqual([]);
    await becomes(a, 'up-to-date');
  });

  it.each(['local', 'server', 'merged'] as const)('settles a conflict on both sides: %s', async (choice) => {
    const [a, b] = await openPair();
    const { id } = await a.settee.flows.save({ name: 'start', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['start']);
    a.network.cut();
    b.network.cut();
    await a.settee.flows.save({ id, name: 'as A wants' });
    await b.settee.flows.save({ id, name: 'as B wants' });
    a.network.mend();
    b.network.mend();
    await a.settee.sync.now();
    await b.settee.sync.now();
    await expect.poll(() => a.settee.conflicts.list(), patient).toHaveLength(1);
    await expect.poll(() => b.settee.conflicts.list(), patient).toHaveLength(1);
    const [inA] = await a.settee.conflicts.list();
    expect([inA?.kind, inA?.local?.name, inA?.server?.name]).toEqual(['edit', 'as A wants', 'as B wants']);
    const [inB] = await b.settee.conflicts.list();
    expect([inB?.local?.name, inB?.server?.name]).toEqual(['as B wants', 'as A wants']);
    await becomes(a, 'attention');
    await a.settee.conflicts.resolve(
      id,
      choice === 'merged' ? { merged: { name: 'as both want' } } : { keep: choice },
    );
    const [kept, lost] = {
      local: ['as A wants', ['as B wants']],
      server: ['as B wants', ['as A wants']],
      merged: ['as both want', ['as A wants', 'as B wants']],
    }[choice] as [string, string[]];
    for (const browser of [a, b]) {
      await expect.poll(() => browser.settee.conflicts.list(), patient).toEqual([]);
      await expect.poll(() => names(browser), patient).toEqual([kept]);
      const versions = await browser.settee.versions.list(id);
      expect(versions.map(({ flow }) => flow.name).toSorted()).toEqual(lost);
    }
    await becomes(a, 'up-to-date');
    await becomes(b, 'up-to-date');
    await expect(a.settee.conflicts.resolve(id, { keep: 'local' })).rejects.toMatchObject({
      code: 'no_conflict',
    });
  });

  it('asks where one deletes what the other edits', async () => {
    const [a, b] = await openPair();
    const { id } = await a.settee.flows.save({ name: 'start', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['start']);
    a.network.cut();
    b.network.cut();
    await a.settee.flows.remove(id);
    await b.settee.flows.save({ id, name: 'edited' });
    a.network.mend();
    b.network.mend();
    await a.settee.sync.now();
    await b.settee.sync.now();
    await expect.poll(() => b.settee.conflicts.list(), patient).toHaveLength(1);
    const [conflict] = await b.settee.conflicts.list();
    expect([conflict?.kind, conflict?.local?.name, conflict?.server?.deleted]).toEqual([
      'delete',
      'edited',
      true,
    ]);
    await b.settee.conflicts.resolve(id, { keep: 'local' });
    await expect.poll(() => names(a), patient).toEqual(['edited']);
    await expect.poll(() => a.settee.conflicts.list(), patient).toEqual([]);
  });

  it('asks where another client deletes for good what this one edits', async () => {
    const [a] = await openPair();
    const { id, revision } = await a.settee.flows.save({ name: 'start', flow: graph });
    await a.settee.sync.now();
    a.network.cut();
    await a.settee.flows.save({ id, name: 'edited' });
    const { user } = a.settee.account.current() ?? {};
    const { spaces, couch } = server.services;
    const personal = await spaces.personal(user?.id ?? '');
    await couch.admin(personal.database).destroy(`flow:${id}`, revision ?? '');
    a.network.mend();
    await a.settee.sync.now();
    await expect.poll(() => a.settee.conflicts.list(), patient).toHaveLength(1);
    const [conflict] = await a.settee.conflicts.list();
    expect(conflict).toMatchObject({ kind: 'delete', local: { name: 'edited' }, server: null });
    const settled = await a.settee.conflicts.resolve(id, { keep: 'server' });
    expect(settled.deleted).toBe(true);
    expect(await names(a)).toEqual([]);
    expect(await a.settee.conflicts.list()).toEqual([]);
    expect((await a.settee.versions.list(id)).map(({ flow }) => flow.name)).toEqual(['edited']);
    await becomes(a, 'up-to-date');
    await a.settee.flows.restore(id);
    expect(await names(a)).toEqual(['edited']);
  });

  it('is no conflict where both say the same', async () => {
    const [a, b] = await openPair();
    const { id } = await a.settee.flows.save({ name: 'start', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['start']);
    a.network.cut();
    b.network.cut();
    await a.settee.flows.save({ id, name: 'the same' });
    await b.settee.flows.save({ id, name: 'the same' });
    a.network.mend();
    b.network.mend();
    await a.settee.sync.now();
    await b.settee.sync.now();
    await becomes(a, 'up-to-date');
    await becomes(b, 'up-to-date');
    const revisions = async ({ settee }: Browser) => (await settee.flows.get(id))?.revision;
    await expect.poll(async () => (await revisions(a)) === (await revisions(b)), patient).toBe(true);
    expect(await a.settee.conflicts.list()).toEqual([]);
    expect(await b.settee.conflicts.list()).toEqual([]);
    expect(await a.settee.versions.list(id)).toEqual([]);
  });

  it('adopts what was made before the first account, once', async () => {
    const a = await open();
    const saved = await a.settee.flows.save({ name: 'before', flow: graph });
    const run = await a.settee.executions.start({ flowId: saved.id });
    expect(a.settee.status.get().state).toBe('local-only');
    expect(a.settee.account.current()).toBeNull();
    const email = newEmail();
    await a.settee.account.register({ email, password });
    expect(await names(a)).toEqual(['before']);
    await a.settee.sync.now();
    const b = await open();
    await b.settee.account.signIn({ email, password });
    await expect.poll(() => names(b), patient).toEqual(['before']);
    await b.settee.sync.now();
    expect((await b.settee.executions.list()).executions.map(({ id }) => id)).toEqual([run.id]);
    await a.settee.account.signOut();
    expect(await names(a)).toEqual([]);
    await a.settee.account.register({ email: newEmail(), password });
    expect(await names(a)).toEqual([]);
    await a.reload();
    expect(await names(a)).toEqual([]);
  });

  it('works after a restart without a network, and goes on where it stopped', async () => {
    const [a, b] = await openPair();
    await a.settee.flows.save({ name: 'kept', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['kept']);
    await becomes(a, 'up-to-date');
    a.network.cut();
    await a.reload();
    expect(a.settee.account.current()).toMatchObject({ state: 'signed-in' });
    expect(await names(a)).toEqual(['kept']);
    await a.settee.flows.save({ name: 'made offline', flow: graph });
    await becomes(a, 'offline');
    await expect.poll(() => a.settee.status.get().pending.push, patient).toBe(1);
    a.network.mend();
    await a.settee.sync.now();
    await expect.poll(() => names(b), patient).toEqual(['kept', 'made offline']);
    const asked = a.network.requests.filter((request) => request.includes('_bulk_get'));
    expect(asked.length).toBeLessThan(3);
  });

  it('shows runs of one browser in the other after both have synced', async () => {
    const [a, b] = await openPair();
    const flow = await a.settee.flows.save({ name: 'runs', flow: graph });
    const started = await a.settee.executions.start({ flowId: flow.id, input: { question: 'why' } });
    expect(started).toMatchObject({
      status: 'running',
      flowName: 'runs',
      flowVersion: '1.0.0',
      trigger: 'manual',
    });
    await a.settee.sync.now();
    await b.settee.sync.now();
    expect((await b.settee.executions.list({ status: 'running' })).total).toBe(1);
    const done = await a.settee.executions.complete(started.id, {
      status: 'completed',
      results: [{ nodeId: 'n', output: 'because', executedAt: started.startedAt }],
      tokensUsed: 12,
      apiCallCount: 1,
      metrics: { nodeExecutionTimes: { n: 5 } },
    });
    expect(done.duration).toBeGreaterThanOrEqual(0);
    await a.settee.sync.now();
    await b.settee.sync.now();
    expect(await b.settee.executions.get(started.id)).toEqual(done);
    expect(done).toMatchObject({ nodeExecutionTimes: { n: 5 }, tokensUsed: 12, status: 'completed' });
    expect((await b.settee.executions.list({ flowId: flow.id })).executions).toEqual([done]);
    await expect.poll(() => a.settee.status.get().pending.push, patient).toBe(0);
  });

  it('keeps two people at one browser apart', async () => {
    const a = await open();
    const [first, second] = [newEmail(), newEmail()];
    await a.settee.account.register({ email: first, password });
    await a.settee.flows.save({ name: 'of the first', flow: graph });
    await a.settee.sync.now();
    await a.settee.account.register({ email: second, password });
    expect(await names(a)).toEqual([]);
    await a.settee.flows.save({ name: 'of the second', flow: graph });
    await a.settee.account.signIn({ email: first, password });
    expect(await names(a)).toEqual(['of the first']);
  });

  it('shows devices with names and last syncs', async () => {
    const [a, b] = await openPair();
    await a.settee.devices.rename('the big one');
    await a.settee.sync.now();
    await b.settee.sync.now();
    const devices = await b.settee.devices.list();
    expect(devices.map(({ current }) => current)).toEqual([true, false]);
    expect(devices[1]).toMatchObject({ name: 'the big one', id: a.settee.devices.current().id });
    expect(devices[1]?.lastSyncAt).toBeTypeOf('string');
  });
});
