import { SetteeError } from '../errors.ts';
import type { Spaces } from '../spaces/spaces.ts';

/** Spaces of one owner; each is a database, more with every month, and is looked at wherever all his flows are. */
const most = { team: 200, shared: 500 };
const advice = {
  team: `You own ${most.team} teams; delete or hand over one first.`,
  shared: `You share ${most.shared} flows one by one; share them as a team, or end some shares first.`,
};

/** Throws SetteeError `quota_exceeded` where the user owns as many spaces of the kind as anybody may. */
export async function assertRoomForSpace(
  spaces: Pick<Spaces, 'memberships'>,
  userId: string,
  kind: 'team' | 'shared',
): Promise<void> {
  const own = (await spaces.memberships(userId)).filter(
    ({ space, role }) => space.kind === kind && role === 'owner',
  );
  if (own.length >= most[kind]) throw new SetteeError('quota_exceeded', advice[kind]);
}
