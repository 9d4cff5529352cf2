import { describe, expect, it } from 'vitest';
import { createRetryAfter } from '../../client-sync/account/retry-after.ts';
import type { Browser } from './open-settee.ts';
import { names } from './space-members.ts';
import { graph, patient, useBrowsers } from './use-browsers.ts';

describe('a server that is busy', () => {
  const { openPair } = useBrowsers();
  const openCalm = async (): Promise<[Browser, Browser]> => {
    const calm = { environment: { random: () => 0 } };
    const [a, b] = await openPair(calm, calm);
    for (const { settee } of [a, b]) {
      await expect.poll(() => settee.status.get().state, patient).toBe('up-to-date');
    }
    return [a, b];
  };

  it.each([
    ['a push', 429, '_bulk_docs'],
    ['a push', 503, '_revs_diff'],
    ['a pull', 429, '_bulk_get'],
    ['a pull', 503, '_changes'],
    ['a pull', 503, '_bootstrap|_changes'],
  ])('and refuses %s by %i is asked again after the time it named (%s)', async (direction, status, path) => {
    const [a, b] = await openCalm();
    const [from, to] = direction === 'a push' ? [a, b] : [b, a];
    const asked: number[] = [];
    const [first] = path.split('|') as [string];
    a.network.intercept((url, init, send) => {
      // What follows a hint is read in one request where that can be had, and else in two.
      if (url.includes('_bootstrap') && first !== '_bootstrap') {
        return Promise.resolve(Response.json({ error: 'not_found' }, { status: 404 }));
      }
      if (!new RegExp(asked.length === 0 ? first : path).test(url) || asked.length > 1) return undefined;
      asked.push(Date.now());
      if (asked.length > 1) return send(url, init);
      const headers = { 'retry-after': '2' };
      return Promise.resolve(Response.json({ error: 'busy', reason: 'busy' }, { status, headers }));
    });
    // What was made before sync began is asked for before it is sent.
    if (path === '_revs_diff') from.settee.sync.pause();
    await from.settee.flows.save({ name: 'late', flow: graph });
    from.settee.sync.resume();
    await expect.poll(() => names(to), patient).toEqual(['late']);
    expect((asked[1] as number) - (asked[0] as number)).toBeGreaterThan(1_900);
    expect(await a.settee.refused.list()).toEqual([]);
    await expect.poll(() => a.settee.status.get().state, patient).toBe('up-to-date');
  });

  it('says so in HTML, as what stands before a server does', async () => {
    const [a, b] = await openCalm();
    const answers = [403, 502, 400];
    a.network.intercept((url, init) => {
      if (!url.endsWith('/_bulk_docs')) return undefined;
      const page = (status: number) =>
        Promise.resolve(new Response('<h1>No</h1>', { status, headers: { 'content-type': 'text/html' } }));
      if ((init.body as string).includes('large')) return page(413);
      const status = answers.shift();
      return status === undefined ? undefined : page(status);
    });
    await a.settee.flows.save({ name: 'small', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['small']);
    expect(answers).toEqual([]);
    expect(await a.settee.refused.list()).toEqual([]);
    const { id } = await a.settee.flows.save({ name: 'large', flow: graph });
    await expect
      .poll(async () => (await a.settee.refused.list()).map(({ docId }) => docId), patient)
      .toEqual([`flow:${id}`]);
  });
});

describe('the time that a server names', () => {
  it('may be seconds or a date, and is believed up to an hour', () => {
    let now = Date.UTC(2030, 0, 1);
    const retryAfter = createRetryAfter({ now: () => now });
    const answer = (status: number, value: string) =>
      retryAfter.learn(new Response(null, { status, headers: { 'retry-after': value } }));
    for (const value of ['', '-5', 'soon', '0']) answer(429, value);
    answer(500, '9');
    expect(retryAfter.remaining()).toBe(0);
    answer(429, '9');
    now += 4_000;
    expect(retryAfter.remaining()).toBe(5_000);
    answer(503, new Date(now + 7_000).toUTCString());
    expect(retryAfter.remaining()).toBe(7_000);
    now -= 60_000;
    expect(retryAfter.remaining()).toBe(0);
    answer(503, '999999999');
    expect(retryAfter.remaining()).toBe(3_600_000);
  });
});
