import { describe, expect, it } from 'vitest';
import { graph, newEmail, password, patient, useBrowsers } from './use-browsers.ts';

const longAgo = '2024-05-06T07:08:09.000Z';

describe('months of runs', () => {
  const { server, open } = useBrowsers();

  it('that are old leave the browser once they are pushed, and their runs are fetched when asked for', async () => {
    const a = await open();
    const email = newEmail();
    await a.settee.account.register({ email, password });
    const flow = await a.settee.flows.save({ name: 'one', flow: graph });
    const run = (fields: object) => ({ flowId: flow.id, startedAt: longAgo, status: 'completed', ...fields });
    const report = await a.settee.importBackup({
      executions: [
        run({ id: 'old-1' }),
        run({ id: 'unfinished', startedAt: '2024-02-03T00:00:00.000Z', status: 'running' }),
      ],
    });
    expect(report.imported).toBe(2);
    await a.settee.sync.now();
    expect(await a.settee.refused.list()).toEqual([]);
    await expect.poll(() => a.settee.status.get().state, patient).toBe('up-to-date');
    await a.reload();
    await expect
      .poll(async () => (await a.settee.executions.list()).executions.map(({ id }) => id), patient)
      .toEqual(['unfinished']);
    expect(await a.settee.executions.get('old-1')).toMatchObject({ id: 'old-1', startedAt: longAgo });
    a.network.cut();
    expect(await a.settee.executions.get('old-1')).toBeNull();
  });

  it('that the server does not take are listed as refused, hold up nothing, and can be offered again', async () => {
    const a = await open();
    const { user } = await a.settee.account.register({
      email: newEmail(),
      password,
    });
    a.network.intercept((url) =>
      url.endsWith('/months')
        ? Promise.resolve(Response.json({ code: 'not_found', message: 'no' }, { status: 404 }))
        : undefined,
    );
    await a.settee.importBackup({
      executions: [{ id: 'old-1', flowId: 'f', startedAt: longAgo, status: 'completed' }],
    });
    const now = await a.settee.executions.start({ flowId: 'f' });
    await a.settee.sync.now();
    expect(await a.settee.refused.list()).toMatchObject([
      { docId: 'execution:old-1', reason: 'The server takes no runs of this month.' },
    ]);
    await expect
      .poll(() => a.settee.status.get(), patient)
      .toMatchObject({
        state: 'attention',
        refused: 1,
        pending: { push: 0 },
      });
    const month = now.startedAt.slice(0, 7);
    expect(a.network.requests.some((request) => request.includes(`-runs-${month}/_bulk_docs`))).toBe(true);
    await a.reload();
    await a.settee.sync.now();
    expect((await a.settee.executions.list()).executions.map(({ id }) => id)).toContain('old-1');
    expect(await a.settee.refused.list()).toHaveLength(1);
    await server.services.spaces.allowMonthsFrom(user.id, '2024-05');
    expect(await a.settee.refused.retry('execution:old-1')).toBe(true);
    expect(await a.settee.refused.list()).toEqual([]);
  });

  it('of which the server drops a part keep what it refused', async () => {
    const a = await open();
    const { user } = await a.settee.account.register({ email: newEmail(), password });
    const good = { id: 'good', flowId: 'f', startedAt: longAgo, status: 'completed' };
    await a.settee.importBackup({ executions: [good, { ...good, id: 'bad', status: 'no such status' }] });
    await a.settee.sync.now();
    expect((await a.settee.refused.list()).map(({ docId }) => docId)).toEqual(['execution:bad']);
    await a.reload();
    await a.settee.sync.now();
    const here = async () => (await a.settee.executions.list()).executions.map(({ id }) => id);
    expect(await here()).toContain('bad');
    const { spaces } = server.services;
    await spaces.applyRetention({ months: 2, now: new Date() });
    await expect
      .poll(async () => (await spaces.list(user.id))[0]?.runs.map(({ month }) => month), patient)
      .not.toContain('2024-05');
    await a.settee.executions.start({ flowId: 'f' });
    await a.settee.sync.now();
    expect(await here()).toContain('bad');
  });

  it('of the future are refused, and hold up no other month', async () => {
    let ahead = 70 * 86_400_000;
    const a = await open({ environment: { now: () => Date.now() + ahead } });
    const future = await a.settee.executions.start({ flowId: 'f' });
    ahead = 0;
    await a.settee.account.register({ email: newEmail(), password });
    const now = await a.settee.executions.start({ flowId: 'f' });
    await a.settee.sync.now();
    expect((await a.settee.refused.list()).map(({ docId }) => docId)).toEqual([`execution:${future.id}`]);
    const month = now.startedAt.slice(0, 7);
    expect(a.network.requests.some((request) => request.includes(`-runs-${month}/_bulk_docs`))).toBe(true);
    expect((await a.settee.executions.list()).total).toBe(2);
  });

  it('keep a sign-out from losing runs that the server does not have', async () => {
    const a = await open();
    const email = newEmail();
    await a.settee.account.register({ email, password });
    await a.settee.sync.now();
    const { id } = await a.settee.executions.start({ flowId: 'f' });
    a.network.cut();
    await expect(a.settee.account.signOut()).rejects.toMatchObject({ code: 'unpushed_changes', count: 1 });
    a.network.mend();
    await a.settee.sync.now();
    const b = await open();
    await b.settee.account.signIn({ email, password });
    await b.settee.sync.now();
    let duringPull: Promise<{ id: string }> | undefined;
    a.network.intercept((url, init, send) => {
      if (!url.includes('-runs-') || !/_bulk_get|_bootstrap/.test(url)) return undefined;
      duringPull ??= a.settee.executions.start({ flowId: 'f' });
      return duringPull.then(() => send(url, init));
    });
    await b.settee.executions.complete(id, { status: 'completed' });
    await b.settee.sync.now();
    await a.settee.sync.now();
    const late = await duringPull;
    await a.settee.account.signOut();
    await b.settee.sync.now();
    const kept = (await b.settee.executions.list()).executions.map((run) => run.id);
    expect(new Set(kept)).toEqual(new Set([id, late?.id]));
  });

  it('stay where they were never pushed', async () => {
    const a = await open();
    await a.settee.importBackup({
      executions: [{ id: 'old-1', flowId: 'f', startedAt: longAgo, status: 'completed' }],
    });
    await a.reload();
    await a.reload();
    expect((await a.settee.executions.list()).total).toBe(1);
  });

  it('go by the server’s clock where the device’s is wrong', async () => {
    const wrong = 400 * 86_400_000;
    const a = await open({ environment: { now: () => Date.now() - wrong } });
    await a.settee.account.register({ email: newEmail(), password });
    await a.settee.sync.now();
    const flow = await a.settee.flows.save({ name: 'one', flow: graph });
    expect(Math.abs(Date.parse(flow.updatedAt) - Date.now())).toBeLessThan(10_000);
    const run = await a.settee.executions.start({ flowId: flow.id });
    await a.settee.sync.now();
    expect(await a.settee.refused.list()).toEqual([]);
    const month = new Date().toISOString().slice(0, 7);
    expect(run.startedAt.slice(0, 7)).toBe(month);
    expect(a.network.requests.some((request) => request.includes(`-runs-${month}/_bulk_docs`))).toBe(true);
  });
});
