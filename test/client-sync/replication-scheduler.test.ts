import { describe, expect, it } from 'vitest';
import { createScheduler, type Job } from '../../client-sync/replication/scheduler.ts';

/** Work whose steps a test lets pass one by one. */
function createWork(log: string[]) {
  const open: { name: string; pass: (more: boolean) => void; fail: (error: Error) => void }[] = [];
  const job = (space: string, key = 'main'): Job => ({
    space,
    key,
    step: () =>
      new Promise((resolve, reject) => {
        log.push(`${space}/${key}`);
        open.push({ name: `${space}/${key}`, pass: resolve, fail: reject });
      }),
  });
  const next = async () => {
    const step = open.shift();
    if (!step) throw new Error('Nothing is under way.');
    return step;
  };
  return {
    job,
    open,
    pass: async (more = false) => {
      (await next()).pass(more);
      await settle();
    },
    fail: async () => {
      (await next()).fail(new Error('no'));
      await settle();
    },
  };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the scheduler', () => {
  it('does two things at once, and no more', async () => {
    const log: string[] = [];
    const scheduler = createScheduler();
    const work = createWork(log);
    for (const space of ['a', 'b', 'c', 'd']) void scheduler.run(work.job(space));
    expect(log).toEqual(['a/main', 'b/main']);
    await work.pass();
    expect(log).toEqual(['a/main', 'b/main', 'c/main']);
  });

  it('gives every space its turn while one has much to do', async () => {
    const log: string[] = [];
    const scheduler = createScheduler(1);
    const work = createWork(log);
    for (let n = 0; n < 9; n += 1) void scheduler.run(work.job('busy', `m${n}`));
    for (const space of ['b', 'c']) void scheduler.run(work.job(space));
    for (let n = 0; n < 5; n += 1) await work.pass(true);
    expect(log.slice(0, 6)).toEqual(['busy/m0', 'busy/m1', 'b/main', 'c/main', 'busy/m2', 'b/main']);
  });

  it('does once what is asked for many times while it waits', async () => {
    const log: string[] = [];
    const scheduler = createScheduler(1);
    const work = createWork(log);
    void scheduler.run(work.job('a'));
    const asked = [1, 2, 3].map(() => scheduler.run(work.job('b')));
    await work.pass();
    await work.pass();
    await Promise.all(asked);
    expect(log).toEqual(['a/main', 'b/main']);
  });

  it('does once more what is asked for while it is under way', async () => {
    const log: string[] = [];
    const scheduler = createScheduler(1);
    const work = createWork(log);
    let first = false;
    let second = false;
    void scheduler.run(work.job('a')).then(() => (first = true));
    for (let n = 0; n < 3; n += 1) void scheduler.run(work.job('a')).then(() => (second = true));
    await work.pass(true);
    expect([first, second]).toEqual([false, false]);
    await work.pass();
    expect([first, second]).toEqual([true, false]);
    await work.pass();
    expect(second).toBe(true);
    expect(log).toHaveLength(3);
    expect(work.open).toEqual([]);
  });

  it('tells of a failure those who asked before it, and goes on', async () => {
    const scheduler = createScheduler(1);
    const work = createWork([]);
    const failing = scheduler.run(work.job('a'));
    const later = scheduler.run(work.job('a'));
    failing.catch(() => {});
    await work.fail();
    await expect(failing).rejects.toThrow('no');
    await work.pass();
    await expect(later).resolves.toBeUndefined();
  });

  it('forgets a space’s work once the step under way is over, and takes up new work of it', async () => {
    const log: string[] = [];
    const scheduler = createScheduler(1);
    const work = createWork(log);
    const running = scheduler.run(work.job('a'));
    const queued = scheduler.run(work.job('a', 'runs'));
    const other = scheduler.run(work.job('b'));
    for (const promise of [running, queued]) promise.catch(() => {});
    let dropped = false;
    void scheduler.drop('a').then(() => (dropped = true));
    await expect(running).rejects.toThrow('stopped');
    await expect(queued).rejects.toThrow('stopped');
    expect(dropped).toBe(false);
    await work.pass(true);
    expect(dropped).toBe(true);
    await work.pass();
    await other;
    const again = scheduler.run(work.job('a'));
    await work.pass();
    await again;
    expect(log).toEqual(['a/main', 'b/main', 'a/main']);
  });
});
