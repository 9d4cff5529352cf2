import { describe, expect, it } from 'vitest';
import type { Browser } from './open-settee.ts';
import { graph, newEmail, password, patient, useBrowsers } from './use-browsers.ts';

/** In the middle of a month, so many months ago. */
function monthsAgo(count: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 15)).toISOString();
}

describe('what a user chooses to keep', () => {
  const { open, openPair } = useBrowsers();

  const runsOf = async ({ settee }: Browser) =>
    (await settee.executions.list()).executions.map(({ id }) => id).toSorted();

  it('is so many months of runs; others go once they are sent, and come back', async () => {
    const [a, b] = await openPair();
    const { id: flowId } = await a.settee.flows.save({ name: 'one', flow: graph });
    const run = (id: string, months: number) => ({
      id,
      flowId,
      startedAt: monthsAgo(months),
      status: 'completed',
    });
    await a.settee.importBackup({ executions: [run('last', 1), run('older', 3), run('oldest', 8)] });
    await a.settee.sync.now();
    await b.settee.sync.now();
    await expect.poll(() => runsOf(b), patient).toEqual(['last']);
    await b.settee.settings.update({ months: 6 });
    await expect.poll(() => runsOf(b), patient).toEqual(['last', 'older']);
    await b.settee.settings.update({ months: 24 });
    await expect.poll(() => runsOf(b), patient).toEqual(['last', 'older', 'oldest']);
    await b.settee.settings.update({ months: null });
    await expect.poll(() => runsOf(b), patient).toEqual(['last']);
    expect(await b.settee.executions.get('oldest')).toMatchObject({ id: 'oldest' });
  });

  it('comes to a new device at once, all months of it', async () => {
    const a = await open();
    const email = newEmail();
    await a.settee.account.register({ email, password });
    const run = (id: string, months: number) => ({
      id,
      flowId: 'f',
      startedAt: monthsAgo(months),
      status: 'completed',
    });
    await a.settee.importBackup({ executions: [run('this', 0), run('last', 1)] });
    await a.settee.sync.now();
    const b = await open({ sync: 'manual' });
    await b.settee.account.signIn({ email, password });
    await b.settee.sync.now();
    expect(await runsOf(b)).toEqual(['last', 'this']);
  });

  it('keeps runs that were not sent, however old', async () => {
    const [a] = await openPair();
    a.network.cut();
    await a.settee.importBackup({
      executions: [{ id: 'unsent', flowId: 'f', startedAt: monthsAgo(8), status: 'completed' }],
    });
    await a.settee.settings.update({ months: 1 });
    await a.reload();
    expect(await runsOf(a)).toEqual(['unsent']);
    a.network.mend();
    await a.settee.sync.now();
    await expect.poll(() => runsOf(a), patient).toEqual([]);
    expect(await a.settee.executions.get('unsent')).toMatchObject({ id: 'unsent' });
  });

  it('is which spaces; one that is left out goes when everything was sent, and comes back whole', async () => {
    const [a, b] = await openPair();
    const team = await a.settee.spaces.create({ name: 'Team' });
    await a.settee.sync.now();
    await b.settee.sync.now();
    const names = async (browser: Browser) =>
      (await browser.settee.flows.list()).flows.map(({ name }) => name).toSorted();
    await a.settee.flows.save({ name: 'of the team', flow: graph, spaceId: team.id });
    await expect.poll(() => names(b), patient).toEqual(['of the team']);
    b.network.cut();
    await b.settee.flows.save({ name: 'not sent yet', flow: graph, spaceId: team.id });
    await b.settee.settings.update({ spaces: { exclude: [team.id] } });
    await b.reload();
    await expect.poll(() => names(b), patient).toEqual(['not sent yet', 'of the team']);
    b.network.mend();
    await b.settee.sync.now();
    for (const browser of [b, a]) await expect.poll(() => names(browser), patient).toEqual([]);
    await b.settee.settings.update({ spaces: null });
    for (const browser of [a, b]) {
      await expect.poll(() => names(browser), patient).toEqual(['not sent yet', 'of the team']);
    }
  });

  it('is none of what is edited while it goes: that is sent first', async () => {
    const [a] = await openPair();
    const team = await a.settee.spaces.create({ name: 'Team' });
    await a.settee.sync.now();
    const saved = a.settee.flows.save({ name: 'at the last moment', flow: graph, spaceId: team.id });
    await a.settee.settings.update({ spaces: { exclude: [team.id] } });
    const { id } = await saved;
    await expect.poll(() => a.settee.flows.get(id), patient).toBeNull();
    await a.settee.settings.update({ spaces: null });
    await expect.poll(() => a.settee.flows.get(id), patient).toMatchObject({ name: 'at the last moment' });
    expect(await a.settee.notices.list()).toEqual([]);
  });

  it('is checked before it is stored', async () => {
    const [a] = await openPair();
    const wrong = [{ months: 0 }, { months: 25 }, { months: 1.5 }, { spaces: { include: ['team'] } }];
    for (const change of [...wrong, { spaces: { exclude: [''] } }]) {
      await expect(a.settee.settings.update(change as object)).rejects.toMatchObject({
        code: 'invalid_input',
      });
    }
    expect(await a.settee.settings.get()).toEqual({});
  });
});
