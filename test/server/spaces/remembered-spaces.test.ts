import { expect, test } from 'vitest';
import { createRememberedSpaces } from '../../../server/spaces/remembered-spaces.ts';
import type { SpaceDocument } from '../../../server/spaces/space-document.ts';

const spaceDoc = (spaceId: string) => ({ _id: `space:${spaceId}`, _rev: '1-a' }) as SpaceDocument;

test('what has just been read is remembered, also where whoever loses another space asks for that one', () => {
  const ended: string[] = [];
  const remembered = createRememberedSpaces({
    most: 20,
    onChange(before, after) {
      if (before === null || after !== null) return;
      ended.push(before._id);
      // As open streams do: they look whether they may go on.
      remembered.current(before._id.slice('space:'.length));
    },
  });
  remembered.setFresh(true);
  for (let n = 0; n < 5_000; n += 1) {
    remembered.takeCurrent(`s${n}`, spaceDoc(`s${n}`));
    expect(remembered.current(`s${n}`)?._id).toBe(`space:s${n}`);
  }
  expect(new Set(ended).size).toBe(ended.length);
  expect(ended.length).toBeGreaterThan(4_900);
});
