import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';
import { createLiveDirection, type LiveDirection } from '../../client-sync/replication/live-direction.ts';
import { createRecovery } from '../../client-sync/replication/recovery.ts';

const feedsOf = (db: Pouch) =>
  (db as unknown as { listenerCount(event: string): number }).listenerCount('destroyed');

/** Notes after how many failures it pauses each time. */
function countPauses() {
  const pauses: number[] = [];
  const pauseAfter = (failures: number): number => {
    pauses.push(failures);
    return 5;
  };
  return { pauses, counting: { pauseAfter, onEvent: () => {} } };
}

describe('a live direction', () => {
  const databases: Pouch[] = [];
  let direction: LiveDirection | undefined;
  const open = async () => {
    const db = (await createPouchOpener('memory')).openLocal(`live-${randomUUID()}`);
    databases.push(db);
    return db;
  };
  afterEach(async () => {
    direction?.stop();
    await Promise.all(databases.splice(0).map((db) => db.destroy()));
  });

  it('leaves no feed open where it fails and begins again', async () => {
    const [local, target] = [await open(), await open()];
    await local.put({ _id: 'one' });
    let failures = 0;
    Object.assign(target, { bulkDocs: () => Promise.reject(new Error('no room')) });
    direction = createLiveDirection({
      begin: () => local.replicate.to(target, { live: true }),
      pauseAfter: () => 5,
      onEvent: ({ type }) => (failures += type === 'failed' ? 1 : 0),
    });
    const before = feedsOf(local);
    direction.restart().catch(() => {});
    await expect.poll(() => failures).toBeGreaterThan(8);
    direction.stop();
    await expect.poll(() => feedsOf(local)).toBe(before);
    expect(failures).toBeLessThan(100);
  });

  it('waits longer and longer where it catches up and then fails each time', async () => {
    const [local, target] = [await open(), await open()];
    interface Feeds {
      _changes: (options: { continuous?: boolean; complete: (error: Error) => void }) => unknown;
    }
    const { _changes: original } = local as unknown as Feeds;
    const failing: Feeds['_changes'] = (options) =>
      options.continuous
        ? void setTimeout(() => options.complete(new Error('no feed for you')), 0)
        : original.call(local, options);
    Object.assign(local, { _changes: failing });
    const { pauses, counting } = countPauses();
    direction = createLiveDirection({
      begin: () => local.replicate.to(target, { live: true }),
      ...counting,
    });
    direction.restart().catch(() => {});
    await expect.poll(() => pauses.length).toBeGreaterThan(3);
    expect(pauses.slice(0, 4)).toEqual([1, 2, 3, 4]);
  });

  it('forgets failures once it has gone well for a while', async () => {
    const [local, target] = [await open(), await open()];
    const { pauses, counting } = countPauses();
    const fail = () => Promise.reject(new Error('no room'));
    direction = createLiveDirection({
      begin: () => local.replicate.to(target, { live: true }),
      ...counting,
      steadyMilliseconds: 30,
    });
    const writing = vi.spyOn(target, 'bulkDocs').mockImplementation(fail);
    await local.put({ _id: 'one' });
    direction.restart().catch(() => {});
    await expect.poll(() => pauses.length).toBeGreaterThan(1);
    writing.mockRestore();
    await expect.poll(async () => (await target.info()).doc_count).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    pauses.length = 0;
    vi.spyOn(target, 'bulkDocs').mockImplementation(fail);
    await local.put({ _id: 'two' });
    await expect.poll(() => pauses[0]).toBe(1);
  });

  it('begins again when the server is heard elsewhere, and waits where that failed as well', async () => {
    const [local, target] = [await open(), await open()];
    await local.put({ _id: 'one' });
    const bulkDocs = target.bulkDocs.bind(target);
    Object.assign(target, { bulkDocs: () => Promise.reject(new Error('no room')) });
    const events: string[] = [];
    const recovery = createRecovery({ busyMilliseconds: () => 0 });
    let pause = 3_600_000;
    direction = createLiveDirection({
      begin: () => local.replicate.to(target, { live: true }),
      pauseAfter: () => pause,
      recovery,
      onEvent: ({ type }) => events.push(type),
    });
    const failures = () => events.filter((type) => type === 'failed').length;
    direction.restart().catch(() => {});
    await expect.poll(failures).toBe(1);
    recovery.heard();
    await expect.poll(failures).toBe(2);
    recovery.heard();
    direction.hurry();
    expect(events.at(-1)).toBe('failed');
    pause = 5;
    direction.restart().catch(() => {});
    await expect.poll(failures).toBeGreaterThan(3);
    pause = 3_600_000;
    const before = failures();
    await expect.poll(failures).toBeGreaterThan(before);
    Object.assign(target, { bulkDocs });
    recovery.heard();
    await expect.poll(() => events.at(-1)).toBe('caught-up');
  });
});
