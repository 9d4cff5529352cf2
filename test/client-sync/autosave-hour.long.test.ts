import { expect, test } from 'vitest';
import { autosaveFor } from '../support/autosave-hour.ts';

test('an hour of autosaves of 100 kB stays within 200 revisions and one body at both ends', async () => {
  const figures = await autosaveFor(1_800, { bytes: 100_000, pushEvery: 3 });
  expect(figures.revisions).toEqual([200, 200]);
  expect(figures).toMatchObject({ bodies: [1, 1], leaves: 1, mostBases: 1, bases: 0, versions: 0 });
}, 300_000);
