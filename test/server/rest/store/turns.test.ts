import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createRefreshQueue } from '../../../../server/rest/store/refresh-queue.ts';
import { createTurns } from '../../../../server/rest/store/turns.ts';

describe('turns', () => {
  it('run tasks of one key one after another, of different keys at once', async () => {
    const turns = createTurns();
    const events: string[] = [];
    const task = (name: string) => async () => {
      events.push(`${name} begins`);
      await wait(5);
      events.push(`${name} ends`);
      return name;
    };
    const done = await Promise.all([turns('a', task('a1')), turns('a', task('a2')), turns('b', task('b1'))]);
    expect(done).toEqual(['a1', 'a2', 'b1']);
    expect(events.indexOf('a2 begins')).toBeGreaterThan(events.indexOf('a1 ends'));
    expect(events.indexOf('b1 begins')).toBeLessThan(events.indexOf('a1 ends'));
  });

  it('go on after a task that failed', async () => {
    const turns = createTurns();
    const failing = turns('a', () => Promise.reject(new Error('no')));
    const next = turns('a', () => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});

describe('a refresh queue', () => {
  it('shares the next refresh among all who come while one runs, never the one that runs', async () => {
    const queue = createRefreshQueue<number>();
    let began = 0;
    const refresh = async (): Promise<number> => {
      began += 1;
      const mine = began;
      await wait(5);
      return mine;
    };
    const first = queue('db', refresh);
    const others = [queue('db', refresh), queue('db', refresh), queue('db', refresh)];
    expect(await first).toBe(1);
    expect(await Promise.all(others)).toEqual([2, 2, 2]);
    expect(await queue('db', refresh)).toBe(3);
  });

  it('tries again after a refresh that failed', async () => {
    const queue = createRefreshQueue<number>();
    const failing = queue('db', () => Promise.reject(new Error('no')));
    const next = queue('db', () => Promise.resolve(2));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe(2);
    await expect(queue('db', () => Promise.reject(new Error('again')))).rejects.toThrow('again');
    expect(await queue('db', () => Promise.resolve(3))).toBe(3);
  });
});
