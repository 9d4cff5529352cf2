import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProfile, type Profile } from '../browser/profile.ts';
import { startSettee, type TestSettee } from '../support/settee.ts';

describe('a page whose databases the browser removes', () => {
  let server: TestSettee;
  let profile: Profile;
  beforeAll(async () => {
    server = await startSettee({ pages: 'dist/studio' });
    profile = await openProfile(server.url);
  });
  afterAll(async () => {
    await profile?.close();
    await server?.stop();
  });

  it('says so where something is saved, hangs nowhere, and has everything back after a reload', async () => {
    const { page, context, link } = profile;
    const saved = await page.evaluate(async () => {
      const { settee } = window;
      await settee.account.register({ email: 'evicted@example.org', password: 'a sofa for two' });
      const flow = await settee.flows.save({ name: 'kept', flow: { nodes: [], edges: [] } });
      await settee.sync.now();
      return flow.id;
    });
    const session = await context.newCDPSession(page);
    const parts = { origin: new URL(link.url).origin, storageTypes: 'indexeddb' };
    await session.send('Storage.clearDataForOrigin', parts);
    const outcomes = await page.evaluate(async (id) => {
      const { settee } = window;
      const code = (error: unknown) => (error as { code?: string }).code ?? String(error);
      const soon = new Promise((resolve) => setTimeout(() => resolve('hangs'), 15_000));
      const asked = [
        settee.flows.save({ id, name: 'typed afterwards' }),
        settee.flows.save({ name: 'new afterwards', flow: { nodes: [], edges: [] } }),
        settee.flows.get(id),
        settee.sync.now(),
      ];
      return Promise.all(asked.map((one) => Promise.race([one.then(() => 'done', code), soon])));
    }, saved);
    expect(outcomes.slice(0, 3)).toEqual(['storage_failed', 'storage_failed', 'storage_failed']);
    expect(outcomes[3]).not.toBe('hangs');
    expect(await page.evaluate(() => window.settee.status.get().state)).toBe('attention');
    await page.reload();
    await page.waitForFunction(() => 'settee' in window);
    const names = () =>
      page.evaluate(async () => (await window.settee.flows.list()).flows.map(({ name }) => name));
    await expect.poll(names, { timeout: 30_000 }).toEqual(['kept']);
  });
});
