import { describe, expect, it } from 'vitest';
import type { Browser } from './open-settee.ts';
import { names } from './space-members.ts';
import { graph, newEmail, password, patient, useBrowsers } from './use-browsers.ts';

describe('sessions', () => {
  const { server, open: openBrowser } = useBrowsers({
    config: { accessTokenSeconds: 2, refreshGraceSeconds: 600 },
  });
  const open = async (email?: string) => {
    const browser = await openBrowser();
    if (email !== undefined) await browser.settee.account.signIn({ email, password });
    return browser;
  };
  const register = async () => {
    const email = newEmail();
    const browser = await open();
    await browser.settee.account.register({ email, password });
    return { browser, email };
  };
  const settled = ({ settee }: Browser) =>
    expect.poll(() => settee.status.get().state, patient).toBe('up-to-date');

  it('are renewed while sync goes on', async () => {
    const { browser: a, email } = await register();
    const b = await open(email);
    await settled(b);
    const seen = new Set<string>();
    b.settee.status.subscribe(({ state }) => seen.add(state));
    for (const round of [1, 2]) {
      await a.settee.flows.save({ name: `round ${round}`, flow: graph });
      await expect.poll(() => names(b), patient).toHaveLength(round);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
    }
    await settled(a);
    await settled(b);
    const renewals = b.network.requests.filter((request) => request.endsWith('/api/auth/refresh'));
    expect(renewals.length).toBeGreaterThan(1);
    expect(seen).not.toContain('offline');
    expect(b.settee.account.current()?.state).toBe('signed-in');
  });

  it('survive lost answers to a renewal', async () => {
    const { browser: a, email } = await register();
    await settled(a);
    let lost = 0;
    a.network.intercept((url, init, send) => {
      if (!url.endsWith('/api/auth/refresh') || lost >= 2) return undefined;
      lost += 1;
      return send(url, init).then(() => {
        throw new TypeError('answer lost');
      });
    });
    await expect.poll(() => lost, patient).toBe(2);
    await a.settee.flows.save({ name: 'after the loss', flow: graph });
    await settled(a);
    const b = await open(email);
    await expect.poll(() => names(b), patient).toEqual(['after the loss']);
    expect(a.settee.account.current()?.state).toBe('signed-in');
  });

  it('that ended by themselves leave the data in place, and signing in goes on', async () => {
    const { browser: a, email } = await register();
    await a.settee.flows.save({ name: 'before', flow: graph });
    await settled(a);
    const b = await open(email);
    await settled(b);
    const session = JSON.parse(
      [...a.storage.values].find(([key]) => key.endsWith(':session'))?.[1] ?? '{}',
    ) as { tokens: { refresh: string } };
    await fetch(`${server.url}/api/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken: session.tokens.refresh }),
    });
    await expect.poll(() => a.settee.account.current()?.state, patient).toBe('signed-out');
    expect(a.settee.status.get()).toMatchObject({ state: 'attention', signedOut: true });
    expect(await names(a)).toEqual(['before']);
    await a.settee.flows.save({ name: 'while signed out', flow: graph });
    await expect(a.settee.sync.now()).rejects.toMatchObject({ code: 'signed_out' });
    await expect(a.settee.account.signOut()).rejects.toMatchObject({ code: 'unpushed_changes', count: 1 });
    await a.reload();
    expect(a.settee.account.current()).toMatchObject({ user: { email }, state: 'signed-out' });
    expect(await names(a)).toEqual(['before', 'while signed out']);
    await a.settee.account.signIn({ email, password });
    await expect.poll(() => names(b), patient).toEqual(['before', 'while signed out']);
    await settled(a);
  });

  it('end only after what is pending was pushed, or given up', async () => {
    const { browser: a, email } = await register();
    await a.settee.flows.save({ name: 'pushed on the way out', flow: graph });
    await a.settee.account.signOut();
    expect(a.settee.account.current()).toBeNull();
    expect(a.settee.status.get().state).toBe('local-only');
    expect(await names(a)).toEqual([]);
    await a.settee.account.signIn({ email, password });
    await expect.poll(() => names(a), patient).toEqual(['pushed on the way out']);
    await settled(a);
    a.network.cut();
    await a.settee.flows.save({ name: 'never pushed', flow: graph });
    await expect(a.settee.account.signOut()).rejects.toMatchObject({ code: 'unpushed_changes', count: 1 });
    expect(await names(a)).toHaveLength(2);
    await a.settee.account.signOut({ discardUnpushed: true });
    expect(a.settee.account.current()).toBeNull();
    a.network.mend();
    await a.settee.account.signIn({ email, password });
    await settled(a);
    expect(await names(a)).toEqual(['pushed on the way out']);
  });

  it('tell why one cannot be had', async () => {
    const { email } = await register();
    const a = await open();
    const { account } = a.settee;
    await expect(account.register({ email, password })).rejects.toMatchObject({ code: 'email_taken' });
    await expect(account.signIn({ email, password: 'wrong password' })).rejects.toMatchObject({
      code: 'invalid_credentials',
    });
    await expect(account.register({ email: 'nonsense', password })).rejects.toMatchObject({
      code: 'invalid_input',
    });
    a.network.cut();
    await expect(account.signIn({ email, password })).rejects.toMatchObject({ code: 'offline' });
    expect(account.current()).toBeNull();
  });

  it('tell listeners about sign-in and sign-out', async () => {
    const a = await open();
    const seen: (string | undefined)[] = [];
    const end = a.settee.account.subscribe((account) => seen.push(account?.state));
    await a.settee.account.register({ email: newEmail(), password });
    await a.settee.account.signOut();
    end();
    expect(seen).toEqual(['signed-in', undefined]);
  });
});
