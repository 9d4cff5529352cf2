import { expect, it } from 'vitest';
import { killWhileWriting } from './kill-rounds.ts';

it('keeps every acknowledged write over 20 kills', { timeout: 600_000 }, async () => {
  const { acknowledged, lost } = await killWhileWriting(20);
  console.log(`${acknowledged} acknowledged writes, ${lost.length} lost`);
  expect(lost).toEqual([]);
});
