import type { BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSettee, type TestSettee } from '../support/settee.ts';
import { flowsOf, openProfile, signUp, waitForSync, type Profile } from './profile.ts';

const password = 'a sofa for two';

/** As the browser does when the network is back; resolves when the event has been handed over. */
async function dispatchSync(context: BrowserContext, origin: string): Promise<void> {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(({ scopeURL }) => scopeURL.startsWith(origin));
      if (ours) resolve(ours.registrationId);
    });
  });
  await devtools.send('ServiceWorker.enable');
  const registrationId = await registered;
  await devtools.send('ServiceWorker.dispatchSyncEvent', {
    origin,
    registrationId,
    tag: 'settee',
    lastChance: false,
  });
}

describe('the service worker', () => {
  let server: TestSettee;
  let profile: Profile | undefined;

  beforeAll(async () => {
    // So short-lived that the worker has to renew them.
    server = await startSettee({ pages: 'dist/studio', config: { accessTokenSeconds: 3 } });
  });
  afterEach(() => profile?.close());
  afterAll(() => server?.stop());

  const onServer = async (email: string): Promise<string[]> => {
    const headers = { 'content-type': 'application/json' };
    const login = await fetch(`${server.url}/api/auth/login`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ email, password }),
    });
    const { accessToken } = (await login.json()) as { accessToken: string };
    const answer = await fetch(`${server.url}/api/flows`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    const { flows } = (await answer.json()) as { flows: { name: string }[] };
    return flows.map(({ name }) => name).toSorted();
  };
  const save = (name: string) =>
    profile?.page.evaluate(
      (n) => window.settee.flows.save({ name: n, flow: { nodes: [], edges: [] } }),
      name,
    );

  it('sends what a page left unsent that was closed offline, and the page stays signed in', async () => {
    const email = `background-${Date.now()}@example.org`;
    profile = await openProfile(server.url);
    const { page, link, context } = profile;
    await signUp(page, email, password);
    await save('online');
    // Until it is sent: the state may still be that of before.
    await page.evaluate(() => window.settee.sync.now());
    await waitForSync(page, 'up-to-date');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    link.cut();
    await save('closed before it was sent');
    await waitForSync(page, 'offline');
    await page.close();
    // The access token that the page had is over by now.
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(await onServer(email)).toEqual(['online']);
    link.mend();
    await dispatchSync(context, link.url);
    await expect
      .poll(() => onServer(email), { timeout: 30_000, interval: 500 })
      .toEqual(['closed before it was sent', 'online']);
    const again = await profile.openTab();
    await waitForSync(again, 'up-to-date');
    expect(await again.evaluate(() => window.settee.account.current()?.state)).toBe('signed-in');
    const names = Object.values(await flowsOf(again)).map((flow) => String(flow.name));
    expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual(['closed before it was sent', 'online']);
  });
});
