import { expect, test } from 'vitest';
import { autosaveFor } from '../support/autosave-hour.ts';

test('many autosaves make neither histories nor databases grow without bound', async () => {
  const figures = await autosaveFor(230, { bytes: 2_000, pushEvery: 7 });
  expect(Math.max(...figures.revisions)).toBeLessThanOrEqual(200);
  expect(figures).toMatchObject({ bodies: [1, 1], leaves: 1, mostBases: 1, versions: 0 });
  // Of what was written since the last push.
  expect(figures.bases).toBe(1);
});
