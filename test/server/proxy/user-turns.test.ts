import { describe, expect, it } from 'vitest';
import { createUserTurns } from '../../../server/proxy/user-turns.ts';

const never = new AbortController().signal;

/** What became of each by the next turn of the event loop. */
async function settled(takes: Promise<unknown>[]): Promise<string[]> {
  const outcomes = takes.map(() => 'waiting');
  takes.forEach((take, index) => {
    take.then(
      () => (outcomes[index] = 'taken'),
      (error: { status?: number }) => (outcomes[index] = String(error.status ?? 'left')),
    );
  });
  await new Promise((resolve) => setImmediate(resolve));
  return outcomes;
}

describe('turns', () => {
  it('are given in order, to each user so many at a time', async () => {
    const turns = createUserTurns({ atOnce: 2, waiting: 2 });
    const takes = Array.from({ length: 5 }, () => turns.take('a', never));
    const other = turns.take('b', never);
    expect(await settled([...takes, other])).toEqual([
      'taken',
      'taken',
      'waiting',
      'waiting',
      '429',
      'taken',
    ]);
    (await (takes[0] as Promise<() => void>))();
    expect(await settled(takes)).toEqual(['taken', 'taken', 'taken', 'waiting', '429']);
  });

  it('pass by whoever left the line, and come back when all are done', async () => {
    const turns = createUserTurns({ atOnce: 1, waiting: 5 });
    const first = await turns.take('a', never);
    const leaving = new AbortController();
    const takes = [turns.take('a', leaving.signal), turns.take('a', never)];
    leaving.abort();
    expect(await settled(takes)).toEqual(['left', 'waiting']);
    first();
    expect(await settled(takes)).toEqual(['left', 'taken']);
    (await (takes[1] as Promise<() => void>))();
    expect(await settled([turns.take('a', never)])).toEqual(['taken']);
  });
});
