import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMilliseconds } from '../../client-sync/replication/backoff.ts';

describe('backoff', () => {
  it('doubles from a second up to five minutes', () => {
    const longest = [1, 2, 3, 4, 9, 10, 50, 5_000].map((attempt) => backoffMilliseconds(attempt, 0.999_999));
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000, 300_000]);
  });

  it('keeps between half and the whole of it, by chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const whole = Math.min(300_000, 1_000 * 2 ** Math.min(attempt - 1, 30));
          const wait = backoffMilliseconds(attempt, random);
          expect(wait).toBeGreaterThanOrEqual(whole / 2);
          expect(wait).toBeLessThanOrEqual(whole);
        },
      ),
    );
    expect(backoffMilliseconds(3, 0)).toBe(2_000);
    expect(backoffMilliseconds(3, 0.5)).toBe(3_000);
  });
});
