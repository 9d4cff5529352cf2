import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createSettee, type Environment, type Settee } from '../../client-sync/index.ts';
import { useSettee } from '../support/use-settee.ts';
import { createOrigin, sharedMemory } from './one-origin.ts';
import { createNetwork, memoryStorage, type Network } from './open-settee.ts';
import { graph, openSpaces, patient, useMeeting, type Person } from './space-members.ts';

const password = 'a sofa for two tabs';

describe('a membership that ends under several tabs', () => {
  const server = useSettee();
  const meeting = useMeeting(server);
  const tabs: { settee: Settee; network: Network }[] = [];
  /** Tabs over the same databases and storage, signed in, in a team of the owner's. */
  const openTabs = async (
    owner: Person,
    environments: Partial<Environment>[],
    autosaveMilliseconds = 2_000,
  ) => {
    const shared = { name: `tabs-${randomUUID()}`, storage: memoryStorage(), adapter: sharedMemory() };
    for (const environment of environments) {
      const network = createNetwork();
      const options = { url: server.url, ...shared, fetch: network.fetch, environment, autosaveMilliseconds };
      tabs.push({ settee: await createSettee(options), network });
    }
    const [first] = tabs;
    if (!first) throw new Error('No tab was opened.');
    const email = `${randomUUID()}@example.org`;
    const { user } = await first.settee.account.register({ email, password });
    const { id } = await owner.browser.settee.spaces.create({ name: 'Team' });
    const { token } = await owner.browser.settee.spaces.invite(id, { email, role: 'editor' });
    await first.settee.spaces.accept(token);
    for (const tab of tabs) await expect.poll(() => openSpaces(tab), patient).toContain(id);
    return { team: id, userId: user.id };
  };

  afterEach(async () => {
    await Promise.all(tabs.splice(0).map(({ settee }) => settee.close().catch(() => {})));
  });

  it('is noticed by all of them, and rescued once', async () => {
    const origin = createOrigin();
    const owner = await meeting.join();
    const { team, userId } = await openTabs(owner, [origin.openTab(), origin.openTab(), origin.openTab()]);
    for (const { network } of tabs) network.cut();
    const last = tabs[2]?.settee as Settee;
    await last.flows.save({ name: 'Written offline', flow: graph, spaceId: team });
    await owner.browser.settee.spaces.removeMember(team, userId);
    for (const { network } of tabs) network.mend();
    await last.sync.now();
    for (const { settee } of tabs) {
      await expect.poll(() => openSpaces({ settee }), patient).toEqual([userId]);
      const shown = async () => (await settee.flows.list()).flows.map(({ name }) => name);
      await expect.poll(shown, patient).toEqual(['Written offline (copy)']);
      await expect.poll(() => settee.notices.list(), patient).toHaveLength(1);
    }
    await tabs[0]?.settee.close();
    await expect.poll(() => last.status.get().state, patient).toBe('up-to-date');
    const next = await last.flows.save({ name: 'Goes on', flow: graph });
    expect(next.spaceId).toBe(userId);
  });

  it('keeps what waits to be saved by itself', async () => {
    const owner = await meeting.join();
    const { team, userId } = await openTabs(owner, [{ locks: null }], 60_000);
    const settee = tabs[0]?.settee as Settee;
    const flow = await settee.flows.save({ name: 'Open', flow: graph, spaceId: team });
    await settee.sync.now();
    const autosave = settee.flows.autosave(flow.id);
    autosave.change({ description: 'typed a moment ago' });
    await owner.browser.settee.spaces.removeMember(team, userId);
    await settee.sync.now();
    const shown = async () => (await settee.flows.list()).flows.map(({ description }) => description);
    await expect.poll(shown, patient).toEqual(['typed a moment ago']);
    expect(await settee.notices.list()).toMatchObject([{ kind: 'rescued' }]);
  });

  it('keeps what waits to be saved in a tab that removes nothing itself', async () => {
    const origin = createOrigin();
    const owner = await meeting.join();
    const { team, userId } = await openTabs(owner, [origin.openTab(), origin.openTab()], 60_000);
    const [leader, other] = tabs.map(({ settee }) => settee) as [Settee, Settee];
    const flow = await other.flows.save({ name: 'Open', flow: graph, spaceId: team });
    await leader.sync.now();
    const autosave = other.flows.autosave(flow.id);
    autosave.change({ description: 'typed a moment ago' });
    await owner.browser.settee.spaces.removeMember(team, userId);
    await leader.sync.now();
    const shown = async () => (await other.flows.list()).flows.map(({ description }) => description);
    await expect.poll(shown, patient).toEqual(['typed a moment ago']);
    expect(autosave.state()).toBe('saved');
  });

  it.each([0, 1])('sends what waits to be saved in tab %s when the space is left out', async (at) => {
    const origin = createOrigin();
    const owner = await meeting.join();
    const { team } = await openTabs(owner, [origin.openTab(), origin.openTab()], 60_000);
    const settee = tabs[at]?.settee as Settee;
    const flow = await settee.flows.save({ name: 'Open', flow: graph, spaceId: team });
    await settee.sync.now();
    settee.flows.autosave(flow.id).change({ description: 'typed a moment ago' });
    await settee.settings.update({ spaces: { exclude: [team] } });
    const there = async () => (await owner.browser.settee.flows.get(flow.id))?.description;
    await expect.poll(there, patient).toBe('typed a moment ago');
  });
});
