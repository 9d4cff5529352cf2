import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSettee, type Environment, type KeyValueStore, type Settee } from '../../client-sync/index.ts';
import { startSettee, type TestSettee } from '../support/settee.ts';
import { createOrigin, sharedMemory } from './one-origin.ts';
import { createNetwork, memoryStorage, openBrowser, type Network } from './open-settee.ts';

const password = 'a sofa for two';
const graph = { nodes: [], edges: [] };
const patient = { timeout: 20_000, interval: 50 };
const isFollowing = ({ requests }: Network) => requests.some((request) => request.endsWith('/live'));

describe('several tabs of one browser', () => {
  let server: TestSettee;
  const open: Settee[] = [];
  const keep = <T extends Settee>(settee: T): T => {
    open.push(settee);
    return settee;
  };
  /** Opens tabs over the same databases and storage. */
  const openTabs = async (
    count: number,
    environments: Partial<Environment>[],
    shared = { name: `tabs-${randomUUID()}`, storage: memoryStorage() },
  ) => {
    const tabs: { settee: Settee; network: Network }[] = [];
    for (let n = 0; n < count; n += 1) {
      const network = createNetwork();
      const settee = await createSettee({
        url: server.url,
        adapter: sharedMemory(),
        ...shared,
        fetch: network.fetch,
        environment: environments[n] ?? {},
      });
      tabs.push({ settee: keep(settee), network });
    }
    return tabs;
  };
  const state = (settee: Settee) => expect.poll(() => settee.status.get().state, patient);
  const names = async (settee: Settee) =>
    (await settee.flows.list({ sort: 'name' })).flows.map(({ name }) => name);

  beforeAll(async () => {
    server = await startSettee();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((settee) => settee.close()));
  });
  afterAll(() => server?.stop());

  it('sync through one of them, and all show the state', async () => {
    const origin = createOrigin();
    const tabs = await openTabs(3, [origin.openTab(), origin.openTab(), origin.openTab()]);
    const [first, second, third] = tabs.map(({ settee }) => settee) as [Settee, Settee, Settee];
    const email = `tabs-${Date.now()}@example.org`;
    await second.account.register({ email, password });
    for (const settee of [first, second, third]) {
      await expect.poll(() => settee.account.current()?.user.email, patient).toBe(email);
      await state(settee).toBe('up-to-date');
    }
    await third.flows.save({ name: 'from the third', flow: graph });
    await expect.poll(() => names(first), patient).toEqual(['from the third']);
    await third.sync.now();
    expect(tabs.map(({ network }) => isFollowing(network))).toEqual([true, false, false]);
    const other = await openBrowser(server.url);
    keep(other.settee);
    await other.settee.account.signIn({ email, password });
    await expect.poll(() => names(other.settee), patient).toEqual(['from the third']);
    third.sync.pause();
    await state(first).toBe('offline');
    expect(second.status.get().paused).toBe(true);
    second.sync.resume();
    await state(third).toBe('up-to-date');
    await first.account.signOut();
    for (const settee of [first, second, third]) {
      await expect.poll(() => settee.account.current(), patient).toBeNull();
      await state(settee).toBe('local-only');
    }
  });

  it('show the person that another tab changed over to while they opened', async () => {
    const origin = createOrigin();
    const shared = { url: server.url, name: `opening-${randomUUID()}`, adapter: sharedMemory() };
    const storage = memoryStorage();
    const openTab = async (seen: KeyValueStore) =>
      keep(await createSettee({ ...shared, storage: seen, environment: origin.openTab() }));
    const first = await openTab(storage);
    await first.account.register({ email: `one-${randomUUID()}@example.org`, password });
    await first.flows.save({ name: 'of one', flow: graph });
    const before = new Map(storage.values);
    const email = `two-${randomUUID()}@example.org`;
    await first.account.register({ email, password });
    await first.flows.save({ name: 'of two', flow: graph });
    // Reads of before the change until the databases are open: the last key is whether they were evicted.
    let hasOpened = false;
    const second = await openTab({
      ...storage,
      getItem(key) {
        hasOpened ||= key.includes(':filled:');
        return (hasOpened ? storage.values : before).get(key) ?? null;
      },
    });
    await expect.poll(() => names(second), patient).toEqual(['of two']);
    expect(second.account.current()?.user.email).toBe(email);
  });

  it('hand sync on when the syncing tab closes', async () => {
    const origin = createOrigin();
    const [first, second] = (await openTabs(2, [origin.openTab(), origin.openTab()])) as [
      { settee: Settee; network: Network },
      { settee: Settee; network: Network },
    ];
    await first.settee.account.register({ email: `hand-${Date.now()}@example.org`, password });
    await state(second.settee).toBe('up-to-date');
    expect(isFollowing(second.network)).toBe(false);
    await first.settee.close();
    await expect.poll(() => isFollowing(second.network), patient).toBe(true);
    await state(second.settee).toBe('up-to-date');
  });

  it('sync for one that asked while the lease moved on', async () => {
    const origin = createOrigin();
    const tabs = await openTabs(3, [origin.openTab(), origin.openTab(), origin.openTab()]);
    const [first, second, third] = tabs.map(({ settee }) => settee) as [Settee, Settee, Settee];
    await first.account.register({ email: `lease-${Date.now()}@example.org`, password });
    for (const settee of [second, third]) await state(settee).toBe('up-to-date');
    let isHeld = false;
    tabs[0]?.network.intercept((url, init) => {
      if (!url.endsWith('_revs_diff') && !url.endsWith('_bulk_docs')) return undefined;
      isHeld = true;
      return new Promise((_resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
        setTimeout(() => reject(new TypeError('lost')), 1_000);
      });
    });
    await third.flows.save({ name: 'in between', flow: graph });
    await expect.poll(() => isHeld, patient).toBe(true);
    const asked = Promise.all([third.sync.now(), second.sync.now()]);
    await first.close();
    await asked;
    const pushed = tabs[1]?.network.requests.filter((request) => request.includes('_bulk_docs'));
    expect(pushed?.length).toBeGreaterThan(0);
    expect(isFollowing(tabs[2]?.network as Network)).toBe(false);
  });

  it('all show that sync is held or paused, and whoever opens or leads then keeps to it', async () => {
    const origin = createOrigin();
    const listeners = new Set<(change: 'connection') => void>();
    let metered = false;
    const setMetered = (isMetered: boolean) => {
      metered = isMetered;
      for (const listener of listeners) listener('connection');
    };
    const environment = () =>
      origin.openTab({
        isMetered: () => metered,
        onChange(listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      });
    const shared = { name: `held-${randomUUID()}`, storage: memoryStorage() };
    const openTab = async () => (await openTabs(1, [environment()], shared))[0]?.settee as Settee;
    const shows = (settee: Settee, status: object) =>
      expect.poll(() => settee.status.get(), patient).toMatchObject(status);
    const [first, second] = [await openTab(), await openTab()];
    await first.account.register({ email: `held-${randomUUID()}@example.org`, password });
    await first.settings.update({ network: 'unmetered' });
    await shows(second, { state: 'up-to-date', live: true });
    setMetered(true);
    await shows(second, { state: 'offline', held: 'metered', live: false });
    const third = await openTab();
    await shows(third, { state: 'offline', held: 'metered' });
    await second.flows.save({ name: 'held', flow: graph });
    await shows(third, { state: 'offline', pending: { push: 1 } });
    setMetered(false);
    await shows(third, { state: 'up-to-date', live: true, pending: { push: 0 } });
    second.sync.pause();
    await shows(first, { paused: true });
    const fourth = await openTab();
    await shows(fourth, { state: 'offline', paused: true });
    for (const settee of [first, second, third]) await settee.close();
    await expect(fourth.sync.now()).rejects.toMatchObject({ code: 'offline' });
    await fourth.flows.save({ name: 'paused', flow: graph });
    await shows(fourth, { state: 'offline', paused: true, pending: { push: 1 } });
  });

  it('sync only while visible where there are no locks', async () => {
    let visible = false;
    const listeners = new Set<(change: 'visible' | 'hidden') => void>();
    const environment: Partial<Environment> = {
      locks: null,
      isVisible: () => visible,
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const [tab] = (await openTabs(1, [environment])) as [{ settee: Settee; network: Network }];
    await tab.settee.account.register({ email: `visible-${Date.now()}@example.org`, password });
    await tab.settee.flows.save({ name: 'hidden', flow: graph });
    expect(isFollowing(tab.network)).toBe(false);
    visible = true;
    for (const listener of listeners) listener('visible');
    await state(tab.settee).toBe('up-to-date');
    expect(isFollowing(tab.network)).toBe(true);
    const before = tab.network.requests.length;
    visible = false;
    for (const listener of listeners) listener('hidden');
    await tab.settee.flows.save({ name: 'hidden again', flow: graph });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(tab.network.requests.slice(before).filter((request) => request.includes('_bulk_docs'))).toEqual(
      [],
    );
  });
});

describe('a local database that the browser removed', () => {
  it('is noticed and filled again', async () => {
    const server = await startSettee();
    const storage = memoryStorage();
    const email = `evicted-${Date.now()}@example.org`;
    const first = await openBrowser(server.url, { storage });
    await first.settee.account.register({ email, password });
    for (const name of ['one', 'two']) await first.settee.flows.save({ name, flow: graph });
    await first.settee.sync.now();
    await first.close();
    // The same storage over new, empty databases: what an eviction leaves.
    const name = [...storage.values.keys()].find((key) => key.endsWith(':session'))?.split(':')[0] as string;
    const fresh = createNetwork();
    const { default: memory } = (await import('pouchdb-adapter-memory')) as unknown as { default: unknown };
    const second = await createSettee({
      url: server.url,
      name,
      storage,
      fetch: fresh.fetch,
      adapter: { name: 'memory', plugin: memory, options: { prefix: `evicted-${randomUUID()}-` } },
    });
    expect(second.account.current()?.user.email).toBe(email);
    expect(second.status.get().refilling).toBe(true);
    await expect.poll(async () => (await second.flows.list()).total, patient).toBe(2);
    await expect
      .poll(() => second.status.get(), patient)
      .toMatchObject({ state: 'up-to-date', refilling: false });
    await second.close();
    await server.stop();
  });
});
