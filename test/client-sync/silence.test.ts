import { afterEach, describe, expect, it, vi } from 'vitest';
import { readAnswer } from '../../client-sync/account/read-answer.ts';
import { nowhere, openBrowser, type Browser } from './open-settee.ts';
import { newEmail, password, useBrowsers } from './use-browsers.ts';

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
    const late = new Promise<string>((resolve) => setTimeout(() => resolve('still waiting'), 10_000));
    expect(await Promise.race([settee.close().then(() => 'closed'), late])).toBe('closed');
    await synced;
  });
});
