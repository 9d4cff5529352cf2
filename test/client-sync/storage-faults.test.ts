import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createSettee, type Settee } from '../../client-sync/index.ts';
import { startSettee } from '../support/settee.ts';
import { useSettee } from '../support/use-settee.ts';
import { createFaults, quotaExceeded, type Faults } from './faulty-memory.ts';
import { memoryStorage, openBrowser, type Browser } from './open-settee.ts';

const password = 'a sofa for two';
const graph = { nodes: [], edges: [] };
const patient = { timeout: 20_000, interval: 50 };

describe('the storage of a browser', () => {
  const server = useSettee();
  const open: Settee[] = [];
  const newEmail = () => `storage-${Date.now()}-${Math.random()}@example.org`;
  const openWith = async (faults: Faults, given = {}): Promise<Browser> => {
    const browser = await openBrowser(server.url, { adapter: faults.adapter, ...given });
    open.push(browser.settee);
    return browser;
  };
  const names = async (settee: Settee) =>
    (await settee.flows.list({ sort: 'name' })).flows.map(({ name }) => name);

  afterEach(async () => {
    await Promise.all(open.splice(0).map((settee) => settee.close().catch(() => {})));
  });

  it('that is full fails saves with a code, keeps autosaved edits, and shows in the status', async () => {
    const faults = createFaults();
    const { settee: a } = await openWith(faults, {
      autosaveMilliseconds: 20,
      environment: { random: () => 0 },
    });
    const { settee: b } = await openWith(createFaults());
    const email = newEmail();
    await a.account.register({ email, password });
    await b.account.signIn({ email, password });
    const { id } = await a.flows.save({ name: 'kept', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['kept']);
    faults.onWrite(quotaExceeded);
    await expect(a.flows.save({ name: 'x', flow: graph })).rejects.toMatchObject({ code: 'storage_failed' });
    const autosave = a.flows.autosave(id);
    autosave.change({ description: 'typed while it was full' });
    await expect.poll(() => autosave.state(), patient).toBe('error');
    await b.flows.save({ name: 'from elsewhere', flow: graph });
    await expect
      .poll(() => a.status.get(), patient)
      .toMatchObject({ state: 'attention', lastError: expect.stringMatching(/storage failed/) as string });
    faults.onWrite(null);
    await autosave.flush();
    await expect.poll(() => names(a), patient).toEqual(['from elsewhere', 'kept']);
    await expect
      .poll(async () => (await b.flows.get(id))?.description, patient)
      .toBe('typed while it was full');
    await expect.poll(() => a.status.get().state, patient).toBe('up-to-date');
    expect(a.status.get().lastError).toBeUndefined();
  });

  it('that fails an autosave at the end lets closing tell', async () => {
    const faults = createFaults();
    const { settee } = await openWith(faults);
    const { id } = await settee.flows.save({ name: 'kept', flow: graph });
    settee.flows.autosave(id).change({ name: 'the last word' });
    faults.onWrite(quotaExceeded);
    await expect(settee.close()).rejects.toMatchObject({ code: 'storage_failed' });
    await expect(settee.flows.list()).rejects.toMatchObject({ code: 'closed' });
  });

  it('that is taken away under an open page fails what is asked of it, and fills again at the next start', async () => {
    const faults = createFaults();
    const storage = memoryStorage();
    const name = `taken-${randomUUID()}`;
    const { settee: a } = await openWith(faults, { storage, name, environment: { random: () => 0 } });
    await a.account.register({ email: newEmail(), password });
    const { id } = await a.flows.save({ name: 'kept', flow: graph });
    await a.sync.now();
    faults.breakAll();
    await expect(a.flows.save({ id, name: 'typed afterwards' })).rejects.toMatchObject({
      code: 'storage_failed',
    });
    await expect(a.flows.get(id)).rejects.toMatchObject({ code: 'storage_failed' });
    await expect(a.sync.now()).rejects.toThrow();
    await expect.poll(() => a.status.get().state, patient).toBe('attention');
    await expect(a.account.signOut()).rejects.toThrow();
    await a.close().catch(() => {});
    const { settee: again } = await openWith(createFaults(), { storage, name });
    expect(again.account.current()?.state).toBe('signed-in');
    await expect.poll(() => names(again), patient).toEqual(['kept']);
    await expect
      .poll(() => again.status.get(), patient)
      .toMatchObject({ state: 'up-to-date', refilling: false });
  });

  it('that fails anywhere in the first sign-in leaves all flows in place, and the next one takes them over', async () => {
    for (let failing = 1; ; failing += 3) {
      const faults = createFaults();
      const browser = await openWith(faults);
      const { settee: a } = browser;
      for (const name of ['one', 'two']) await a.flows.save({ name, flow: graph });
      await a.executions.start({ flowId: 'f' });
      const email = newEmail();
      let writes = 0;
      faults.onWrite(() => ((writes += 1) >= failing ? quotaExceeded() : undefined));
      const code = await a.account.register({ email, password }).then(
        () => 'signed in',
        (error: { code: string }) => error.code,
      );
      // The page dies here: what storage says now is what the next start finds.
      const left = new Map(browser.storage.values);
      faults.onWrite(null);
      expect(await names(a)).toEqual(['one', 'two']);
      if (code === 'signed in') break;
      expect(code).toBe('storage_failed');
      expect(a.account.current()).toBeNull();
      await browser.reload();
      open.push(browser.settee);
      expect([...browser.storage.values.keys()]).toEqual([...left.keys()]);
      await browser.settee.account.signIn({ email, password });
      expect(await names(browser.settee)).toEqual(['one', 'two']);
      expect((await browser.settee.executions.list()).total).toBe(1);
      await browser.settee.sync.now();
      expect(failing).toBeLessThan(60);
    }
  });

  it('of a page that died while it took flows over is taken over by the next start', async () => {
    const faults = createFaults();
    const storage = memoryStorage();
    const name = `died-${randomUUID()}`;
    const { settee: a } = await openWith(faults, { storage, name });
    for (const flow of ['one', 'two']) await a.flows.save({ name: flow, flow: graph });
    const left = new Map<string, string>();
    let copied = 0;
    faults.onWrite(({ ids }) => {
      if (!ids.some((id) => id.startsWith('flow:'))) return undefined;
      if (copied === 0) for (const [key, value] of storage.values) left.set(key, value);
      return (copied += 1) > 0 ? quotaExceeded() : undefined;
    });
    await expect(a.account.register({ email: newEmail(), password })).rejects.toMatchObject({
      code: 'storage_failed',
    });
    faults.onWrite(null);
    await a.close();
    // As if nothing had run after the failed write: the session is there already.
    storage.values.clear();
    for (const [key, value] of left) storage.values.set(key, value);
    const network = (await openWith(createFaults())).network;
    const again = await createSettee({
      url: server.url,
      name,
      storage,
      adapter: faults.adapter,
      fetch: network.fetch,
    });
    open.push(again);
    expect(again.account.current()?.state).toBe('signed-in');
    expect(await names(again)).toEqual(['one', 'two']);
    await again.sync.now();
    await again.account.signOut();
    expect(await names(again)).toEqual([]);
  });

  it.each(['full', 'blocked'])(
    'for keys and values that is %s ends no session while the page is open',
    async (kind) => {
      const values = memoryStorage();
      const refuse = () => {
        throw quotaExceeded();
      };
      let isFull = kind === 'blocked';
      const storage = {
        getItem: (key: string) => (kind === 'blocked' ? refuse() : values.getItem(key)),
        setItem: (key: string, value: string) => (isFull ? refuse() : values.setItem(key, value)),
        removeItem: (key: string) => (kind === 'blocked' ? refuse() : values.removeItem(key)),
      };
      const brief = await startSettee({ config: { accessTokenSeconds: 2, refreshGraceSeconds: 1 } });
      const browser = await openBrowser(brief.url, { storage });
      const { settee: a, network } = browser;
      try {
        await a.account.register({ email: newEmail(), password });
        isFull = true;
        const renewals = () => network.requests.filter((request) => request.endsWith('/refresh')).length;
        await expect.poll(renewals, patient).toBeGreaterThan(2);
        await a.flows.save({ name: 'kept', flow: graph });
        await a.sync.now();
        expect(a.account.current()?.state).toBe('signed-in');
      } finally {
        await browser.close();
        await brief.stop();
      }
    },
  );

  it('for keys and values may hold nonsense', async () => {
    const storage = memoryStorage();
    const name = `nonsense-${randomUUID()}`;
    const { settee: first } = await openWith(createFaults(), { storage, name });
    await first.close();
    for (const key of storage.values.keys()) storage.values.set(key, '{"x":');
    const { settee: again } = await openWith(createFaults(), { storage, name });
    expect(again.account.current()).toBeNull();
    expect(again.devices.current().id).toMatch(/^[0-9a-f-]{36}$/);
  });
});
