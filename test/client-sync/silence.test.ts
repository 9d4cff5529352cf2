import { afterEach, describe, expect, it, vi } from 'vitest';
import { readAnswer } from '../../client-sync/account/read-answer.ts';
import type { Settee } from '../../client-sync/index.ts';
import { nowhere, openBrowser, type Browser } from './open-settee.ts';
import { graph, newEmail, password, useBrowsers } from './use-browsers.ts';

/** As a network that went away without a word: only giving up ends it. */
const silent = (_url: unknown, init: RequestInit = {}): Promise<Response> =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
  });

describe('a connection that stays silent', () => {
  let browser: Browser | undefined;
  afterEach(async () => {
    vi.useRealTimers();
    await browser?.close();
  });

  it('ends a sign-in and a renewal of tokens, which would hold up all tabs', async () => {
    browser = await openBrowser(nowhere, { fetch: silent });
    const { account } = browser.settee;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const outcome = account.signIn({ email: 'a@example.org', password: 'a sofa for two' }).then(
      () => 'signed in',
      ({ code }: { code: string }) => code,
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await outcome).toBe('offline');
  });

  it('is not cut at once where its end is years away', async () => {
    const late = () =>
      new Promise<Response>((resolve) => setTimeout(() => resolve(new Response('late')), 50));
    const answer = (url: unknown, init: RequestInit) => Promise.race([late(), silent(url, init)]);
    const response = await readAnswer(answer as typeof fetch, nowhere, {}, 400 * 86_400_000);
    expect(await response.text()).toBe('late');
    const cut = readAnswer(silent, nowhere, {}, 30);
    await expect(cut).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a close', () => {
  const { open } = useBrowsers();
  const outcomeOfClose = (settee: Settee): Promise<string> => {
    const late = new Promise<string>((resolve) => setTimeout(() => resolve('still waiting'), 10_000));
    return Promise.race([settee.close().then(() => 'closed'), late]);
  };

  it.each([
    ['the list of spaces', (url: string) => url.endsWith('/api/spaces')],
    ['a month of runs', (url: string, method = 'GET') => method === 'PUT' && url.includes('-runs-')],
    ['a new token', (url: string) => url.endsWith('/api/auth/refresh')],
  ])('does not wait for %s where the connection stays silent', async (_what, isAsked) => {
    let aheadMilliseconds = 0;
    const { settee, network } = await open({ environment: { now: () => Date.now() + aheadMilliseconds } });
    const asked = new Promise<void>((resolve) => {
      network.intercept((url, init) => {
        if (!isAsked(url, init.method)) return undefined;
        resolve();
        return silent(url, init);
      });
    });
    await settee.account.register({ email: newEmail(), password });
    await settee.executions.start({ flowId: 'f' });
    aheadMilliseconds = 3_600_000;
    const synced = settee.sync.now().catch(() => {});
    await asked;
    expect(await outcomeOfClose(settee)).toBe('closed');
    await synced;
  });

  it('does not wait for a new token that the pull of a hint needs where the connection stays silent', async () => {
    let aheadMilliseconds = 0;
    const email = newEmail();
    const writing = await open();
    await writing.settee.account.register({ email, password });
    const { settee, network } = await open({ environment: { now: () => Date.now() + aheadMilliseconds } });
    await settee.account.signIn({ email, password });
    await settee.sync.now();
    // Since the last pull nothing was sent from here: only then is a hint about others.
    await writing.settee.flows.save({ name: 'earlier', flow: graph });
    await expect.poll(async () => (await settee.flows.list()).total).toBe(1);
    const asked = new Promise<void>((resolve) => {
      network.intercept((url, init) => {
        if (!url.endsWith('/api/auth/refresh')) return undefined;
        resolve();
        return silent(url, init);
      });
    });
    aheadMilliseconds = 3_600_000;
    await writing.settee.flows.save({ name: 'hinted', flow: graph });
    await asked;
    expect(await outcomeOfClose(settee)).toBe('closed');
  });
});
