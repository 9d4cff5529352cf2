import { expect, test } from 'vitest';
import type { Leaf } from '../../../flow/index.ts';
import { endRestored, restoredMoveId } from '../../../server/spaces/restore-ended/lost-leaves.ts';

test('a restored leaf ends in an edit that only kept the word of a restoration', () => {
  const movedFrom = { spaceId: 'here', revision: '1-a', moveId: restoredMoveId, generation: 3 };
  const document = { _id: 'flow:1', type: 'flow', movedFrom };
  const restored: Leaf = { document, ancestry: ['3-d', '2-b', '1-a'] };
  const edit: Leaf = { document: { ...document, name: 'edit' }, ancestry: ['4-e', '3-c', '2-c', '1-a'] };
  const [ended, ...others] = endRestored([restored, edit]);
  expect(ended?.document).toMatchObject({ _deleted: true, resolvedInto: '4-e' });
  expect(ended?.ancestry.slice(1)).toEqual(restored.ancestry);
  expect(others).toEqual([]);
  expect(endRestored([restored, { ...restored, ancestry: ['3-f', '2-e', '1-a'] }])).toEqual([]);
});
