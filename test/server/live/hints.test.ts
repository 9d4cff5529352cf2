import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createHints } from '../../../server/live/hints.ts';
import { createDoorbell, type Doorbell } from '../../../server/spaces/doorbell.ts';

interface Bench {
  doorbell: Doorbell;
  sent: string[];
  /** Where the database stands. */
  stand: { sequence: string | null; failing: boolean; asked: number };
  close(): void;
}

const database = 'space-team';

function setUp(isHeard = true): Bench {
  const doorbell = createDoorbell({ prefix: '' });
  const sent: string[] = [];
  const stand: Bench['stand'] = { sequence: '1', failing: false, asked: 0 };
  const hints = createHints({
    doorbell,
    prefix: '',
    isHeard: () => isHeard,
    send: (hint) => sent.push(hint.database),
    async sequenceOf() {
      stand.asked += 1;
      const { sequence, failing } = stand;
      await sleep(1);
      if (failing) throw new Error('The engine is away.');
      return sequence;
    },
    hintMilliseconds: 20,
  });
  return { doorbell, sent, stand, close: () => hints.close() };
}

const ring = ({ doorbell }: Bench): void => doorbell.ring(database, { source: 'proxy' });
/** Longer than the pause between two hints. */
const settle = (): Promise<void> => sleep(100);

describe('hints', () => {
  it('are sent once for one state of the database, however often it rings', async () => {
    const bench = setUp();
    ring(bench);
    ring(bench);
    await settle();
    ring(bench);
    await settle();
    expect(bench.sent).toEqual([database]);
    bench.stand.sequence = '2';
    ring(bench);
    await settle();
    expect(bench.sent).toHaveLength(2);
    bench.close();
  });

  it('are never left out where a write comes while one is on its way', async () => {
    const bench = setUp();
    ring(bench);
    await expect.poll(() => bench.sent.length, { interval: 1 }).toBe(1);
    bench.stand.sequence = '2';
    ring(bench);
    await expect.poll(() => bench.sent.length).toBe(2);
    bench.close();
  });

  it('are sent in doubt: where copies may lag, and where the engine does not answer', async () => {
    const bench = setUp();
    bench.stand.sequence = null;
    ring(bench);
    await settle();
    ring(bench);
    await settle();
    expect(bench.sent).toHaveLength(2);
    bench.stand.failing = true;
    ring(bench);
    await settle();
    expect(bench.sent).toHaveLength(3);
    bench.close();
  });

  it('cost the engine nothing where nobody listens, and are noted for whoever comes back', async () => {
    const bench = setUp(false);
    ring(bench);
    ring(bench);
    expect([bench.sent.length, bench.stand.asked]).toEqual([2, 0]);
    bench.close();
  });

  it('do not come of the server’s own databases, nor of other names', async () => {
    const bench = setUp();
    for (const name of ['settee-accounts', 'settee-directory', '_users', 'something']) {
      bench.doorbell.ring(name, { source: 'engine' });
    }
    await settle();
    expect(bench.sent).toEqual([]);
    bench.close();
  });
});
