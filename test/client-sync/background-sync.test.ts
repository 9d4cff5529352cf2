import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { syncOnce } from '../../client-sync/index.ts';
import { createMemoryIndexedDB } from './memory-indexed-db.ts';
import { sharedMemory } from './one-origin.ts';
import { newEmail, password, useBrowsers } from './use-browsers.ts';

describe('a page that a service worker syncs for', () => {
  const { server, open } = useBrowsers();
  beforeEach(() => void vi.stubGlobal('indexedDB', createMemoryIndexedDB()));
  afterEach(() => void vi.unstubAllGlobals());

  it('goes on with the tokens that the worker has renewed', async () => {
    let hours = 0;
    const environment = { now: () => Date.now() + hours * 3_600_000 };
    const shared = { name: `background-${randomUUID()}`, adapter: sharedMemory(), environment };
    const { settee } = await open({ ...shared, sync: 'manual', backgroundSync: true });
    await settee.account.register({ email: newEmail(), password });
    const work = async () => {
      hours += 1;
      expect(await syncOnce({ ...shared, url: server.url })).toMatchObject({ state: 'up-to-date' });
    };
    await work();
    // The successor of the page's own is used as well: to use that again would end the session.
    await work();
    await settee.sync.now();
    hours += 1;
    await settee.sync.now();
    await work();
    await settee.sync.now();
    expect(settee.account.current()?.state).toBe('signed-in');
  });
});
