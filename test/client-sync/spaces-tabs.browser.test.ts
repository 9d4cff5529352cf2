import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProfile, type Profile } from '../browser/profile.ts';
import { useSettee } from '../support/use-settee.ts';
import { patient, useMeeting } from './space-members.ts';

const email = 'two-tabs@example.org';

describe('a membership that ends under two tabs of Chromium', () => {
  const server = useSettee({ pages: 'dist/studio' });
  const meeting = useMeeting(server);
  let profile: Profile;
  beforeAll(async () => {
    profile = await openProfile(server.url);
  });
  afterAll(() => profile?.close());

  it('takes the databases of the space with it, once what was not pushed is kept, and disturbs neither', async () => {
    const { page, link } = profile;
    const owner = await meeting.join();
    const userId = await page.evaluate(async (address) => {
      const { user } = await window.settee.account.register({ email: address, password: 'a sofa for two' });
      return user.id;
    }, email);
    const { spaces } = owner.browser.settee;
    const { id: team } = await spaces.create({ name: 'Team' });
    const { token } = await spaces.invite(team, { email, role: 'editor' });
    await page.evaluate((given) => window.settee.spaces.accept(given), token);
    const other = await profile.openTab();
    const faults: string[] = [];
    for (const tab of [page, other]) {
      tab.on('pageerror', (fault) => faults.push(String(fault)));
      const isOpen = () =>
        tab.evaluate(
          async (id) => (await window.settee.spaces.list()).some((space) => space.id === id && space.isOpen),
          team,
        );
      await expect.poll(isOpen, patient).toBe(true);
    }
    link.cut();
    await other.evaluate(async (spaceId) => {
      await window.settee.flows.save({ name: 'Offline', flow: { nodes: [], edges: [] }, spaceId });
    }, team);
    await spaces.removeMember(team, userId);
    link.mend();
    for (const tab of [page, other]) {
      const shown = () =>
        tab.evaluate(async () =>
          (await window.settee.flows.list()).flows.map(({ name, spaceId }) => `${name} in ${spaceId}`),
        );
      await expect.poll(shown, patient).toEqual([`Offline (copy) in ${userId}`]);
      const told = () =>
        tab.evaluate(async () => (await window.settee.notices.list()).map(({ kind }) => kind));
      await expect.poll(told, patient).toEqual(['rescued']);
    }
    const databases = () =>
      page.evaluate(async (id) => {
        const all = await indexedDB.databases();
        return all.filter(({ name }) => name?.includes(`space-${id}`)).length;
      }, team);
    await expect.poll(databases, patient).toBe(0);
    const saved = await page.evaluate(async () => {
      const { id } = await window.settee.flows.save({ name: 'Goes on', flow: { nodes: [], edges: [] } });
      await window.settee.sync.now();
      return id;
    });
    const seen = () => other.evaluate(async (id) => (await window.settee.flows.get(id))?.name, saved);
    await expect.poll(seen, patient).toBe('Goes on');
    expect(faults).toEqual([]);
  });
});
