import { describe, expect, it } from 'vitest';
import { newEmail, password, useBrowsers } from './use-browsers.ts';

const patient = { timeout: 60_000, interval: 200 };

describe('large flows', () => {
  const { open } = useBrowsers();

  it('of more than one request may hold go through in parts, both ways', async () => {
    const [a, b] = [await open(), await open()];
    const email = newEmail();
    await a.settee.account.register({ email, password });
    a.settee.sync.pause();
    const note = 'x'.repeat(7_000_000);
    for (let n = 0; n < 6; n += 1) {
      await a.settee.flows.save({ name: `large ${n}`, flow: { nodes: [], edges: [], note } });
    }
    let longest = 0;
    a.network.intercept((_url, init) => {
      longest = Math.max(longest, typeof init.body === 'string' ? init.body.length : 0);
      return undefined;
    });
    a.settee.sync.resume();
    await expect.poll(() => a.settee.status.get().state, patient).toBe('up-to-date');
    expect(await a.settee.refused.list()).toEqual([]);
    expect(longest).toBeLessThan(16_000_000);
    await b.settee.account.signIn({ email, password });
    await expect.poll(async () => (await b.settee.flows.list({ limit: 1 })).total, patient).toBe(6);
    const [first] = (await b.settee.flows.list({ limit: 1 })).flows;
    expect(first?.flow).toMatchObject({ note });
  }, 180_000);
});
