import { expect, test } from 'vitest';
import { assertRoomForSpace } from '../../../server/rest/assert-room-for-space.ts';
import type { Membership } from '../../../server/spaces/spaces.ts';

/** Somebody with so many spaces of a kind. */
function withSpaces(kind: string, role: string, count: number) {
  const membership = { space: { kind }, role } as Membership;
  return { memberships: () => Promise.resolve(Array.from({ length: count }, () => membership)) };
}

test.each([
  ['team', 200],
  ['shared', 500],
] as const)('nobody owns more %s spaces than others can bear', async (kind, most) => {
  await assertRoomForSpace(withSpaces(kind, 'owner', most - 1), 'ada', kind);
  const full = assertRoomForSpace(withSpaces(kind, 'owner', most), 'ada', kind);
  await expect(full).rejects.toMatchObject({ code: 'quota_exceeded' });
  // What others share with him is theirs.
  await assertRoomForSpace(withSpaces(kind, 'editor', most), 'ada', kind);
  await assertRoomForSpace(withSpaces('other', 'owner', most), 'ada', kind);
});
