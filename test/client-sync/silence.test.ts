import { afterEach, describe, expect, it, vi } from 'vitest';
import { readAnswer } from '../../client-sync/account/read-answer.ts';
import { nowhere, openBrowser, type Browser } from './open-settee.ts';

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
