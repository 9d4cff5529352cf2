import { expect, it } from 'vitest';
import { atMostEvery } from '../../../server/couch/at-most-every.ts';

it('many who ask at once share one run, which starts after they asked', async () => {
  let runs = 0;
  const asked = atMostEvery(100, async () => void (runs += 1));
  await asked();
  expect(runs).toBe(1);
  const first = performance.now();
  await Promise.all(Array.from({ length: 50 }, () => asked()));
  expect(runs).toBe(2);
  expect(performance.now() - first).toBeGreaterThan(50);
});

it('a run that fails does not keep the next from starting', async () => {
  let runs = 0;
  const asked = atMostEvery(10, async () => {
    runs += 1;
    if (runs === 1) throw new Error('It failed.');
  });
  await expect(asked()).rejects.toThrow('It failed.');
  await asked();
  expect(runs).toBe(2);
});
