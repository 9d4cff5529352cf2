import { randomUUID } from 'node:crypto';
import type { Auth } from '../../auth/auth.ts';
import type { Principal } from '../../auth/principal.ts';
import { SetteeError } from '../../errors.ts';
import type { Role, Spaces } from '../../spaces/spaces.ts';
import { assertRoomForSpace } from '../assert-room-for-space.ts';
import { readFlow } from '../flows/flow-actions.ts';
import { placeOf } from '../flows/flow-place.ts';
import { assertOwns } from '../store/space-rights.ts';
import type { OpenUserSpace, UserSpace } from '../store/user-space.ts';

export interface SharingServices {
  open: OpenUserSpace;
  spaces: Spaces;
  auth: Pick<Auth, 'people' | 'findPerson'>;
}

const mostAttempts = 5;

/** Sharing a flow of a team is the team's to decide, so that who sees it is told in one place. */
function assertOwnSpace({ space }: UserSpace): void {
  if (space.kind === 'personal' || space.kind === 'shared') return;
  throw new SetteeError(
    'conflict',
    `This flow belongs to the team “${space.name}”: whoever is to see it joins the team, or the flow is moved out of it first.`,
    { details: { spaceId: space.id } },
  );
}

async function roleOf(spaces: Spaces, spaceId: string, userId: string): Promise<Role | null> {
  const members = await spaces.members(spaceId, null);
  return members.find((member) => member.userId === userId)?.role ?? null;
}

async function give(
  { spaces }: SharingServices,
  spaceId: string,
  { userId, role, by }: { userId: string; role: Role; by: string },
): Promise<void> {
  const current = await roleOf(spaces, spaceId, userId);
  if (current === role) return;
  if (current === null) await spaces.addMember(spaceId, { userId, role }, by);
  else await spaces.setRole(spaceId, { userId, role }, by);
}

/**
 * The space in which a flow is shared: the one where it is, or a new one of its own, into which it moves with its
 * history. `members` come in when it is made.
 */
export async function sharedSpaceOf(
  { open, spaces }: SharingServices,
  principal: Principal,
  id: string,
  members: Record<string, Role> = {},
): Promise<UserSpace> {
  const place = await placeOf(open, principal, id);
  const { name } = await readFlow(place.documents, id);
  assertOwns(place);
  assertOwnSpace(place);
  if (place.space.kind === 'shared') return place;
  const by = principal.userId;
  await assertRoomForSpace(spaces, by, 'shared');
  const request = { flowId: id, from: place.space.id, to: randomUUID(), by, create: { name, members } };
  await spaces.moves.moveFlow(request).catch((error: unknown) => {
    // Somebody else, or another window, shared it at the same time: it is in that space then.
    if (!(error instanceof SetteeError && error.code === 'not_found')) throw error;
  });
  const now = await placeOf(open, principal, id);
  assertOwnSpace(now);
  if (now.space.kind !== 'shared') throw new SetteeError('conflict', 'This flow is being moved; try again.');
  return now;
}

/** Lets somebody see or edit a flow; answers where it is then. */
export async function shareFlow(
  services: SharingServices,
  principal: Principal,
  { id, userId, role }: { id: string; userId: string; role: Role },
): Promise<UserSpace> {
  const { open, auth } = services;
  if (userId === principal.userId) throw new SetteeError('conflict', 'This flow is yours already.');
  const place = await placeOf(open, principal, id);
  assertOwns(place);
  assertOwnSpace(place);
  const [person] = await auth.people([userId]);
  if (!person) throw new SetteeError('not_found', 'There is no such user.');
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const shared = await sharedSpaceOf(services, principal, id, { [userId]: role });
    await give(services, shared.space.id, { userId, role, by: principal.userId });
    // The space may have ended meanwhile, because its last contributor was taken out.
    const now = await placeOf(open, principal, id);
    if (now.space.id === shared.space.id) return now;
  }
  throw new SetteeError('conflict', 'Who sees this flow is being changed by others; try again.');
}

/** Invites somebody to see or edit a flow, into the space where it is shared then. */
export async function inviteToFlow<T>(
  services: SharingServices,
  principal: Principal,
  id: string,
  invite: (spaceId: string) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const { space } = await sharedSpaceOf(services, principal, id);
    try {
      return await invite(space.id);
    } catch (error) {
      // Where the last one invited has just declined, the space ends, and the flow is shared anew from its old place.
      const isOver = await services.spaces.moves.dissolve(space.id);
      if (!isOver || attempt === mostAttempts) throw error;
    }
  }
}

/** Takes a contributor out, or oneself; where the owner is left alone, the flow goes back to his personal space. */
export async function unshareFlow(
  { open, spaces }: SharingServices,
  principal: Principal,
  { id, userId }: { id: string; userId: string },
): Promise<void> {
  const place = await placeOf(open, principal, id);
  if (userId !== principal.userId) assertOwns(place);
  assertOwnSpace(place);
  if (place.space.kind === 'personal' || (await roleOf(spaces, place.space.id, userId)) === null) {
    throw new SetteeError('not_found', 'This user is no contributor of the flow.');
  }
  await spaces.removeMember(place.space.id, userId, principal.userId);
}
