import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSettee, type TestSettee } from '../support/settee.ts';
import { flowsOf, openProfile, signIn, signUp, waitForSync, type Profile } from './profile.ts';

const password = 'a sofa for two';
const namesOf = async (profile: Profile) =>
  Object.values(await flowsOf(profile.page)).map((flow) => flow.name);
const saveFlow = (profile: Profile, name: string) =>
  profile.page.evaluate((n) => window.settee.flows.save({ name: n, flow: { nodes: [], edges: [] } }), name);

describe('tokens during live sync', () => {
  let server: TestSettee;
  const profiles: Profile[] = [];
  const open = async () => {
    const profile = await openProfile(server.url);
    profiles.push(profile);
    return profile;
  };

  beforeAll(async () => {
    server = await startSettee({ pages: 'dist/studio', config: { accessTokenSeconds: 3 } });
  });
  afterEach(async () => {
    await Promise.all(profiles.splice(0).map((profile) => profile.close()));
  });
  afterAll(() => server?.stop());

  it('are renewed when they expire, and sync goes on', async () => {
    const a = await open();
    const b = await open();
    await signUp(a.page, 'renewed@example.org', password);
    await signIn(b.page, 'renewed@example.org', password);
    for (const round of [1, 2, 3]) {
      await saveFlow(a, `after ${round} lives`);
      await expect.poll(() => namesOf(b), { timeout: 20_000 }).toContain(`after ${round} lives`);
      await a.page.waitForTimeout(3500);
    }
    await waitForSync(a.page, 'up-to-date');
    await waitForSync(b.page, 'up-to-date');
  });

  it('survive a lost answer to a refresh', async () => {
    const a = await open();
    await signUp(a.page, 'lost-answer@example.org', password);
    let lost = 0;
    await a.page.route('**/api/auth/refresh', async (route) => {
      if (lost >= 2) return route.continue();
      lost += 1;
      await route.fetch();
      return route.abort();
    });
    await expect.poll(() => lost, { timeout: 30_000 }).toBe(2);
    await saveFlow(a, 'still signed in');
    await waitForSync(a.page, 'up-to-date');
    const b = await open();
    await signIn(b.page, 'lost-answer@example.org', password);
    await expect.poll(() => namesOf(b), { timeout: 20_000 }).toContain('still signed in');
    await expect(a.page.evaluate(() => window.settee.status.get().signedOut)).resolves.toBe(false);
  });
});
