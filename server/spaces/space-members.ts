import type { Directory } from './directory.ts';
import {
  assertOwner,
  assertShareable,
  withMember,
  withOwner,
  withoutMember,
  withRole,
  type Actor,
} from './member-changes.ts';
import { roleIn, sinceIn } from './membership.ts';
import type { Outbox } from './outbox.ts';
import { required, requireSpace } from './require-space.ts';
import type { SpaceDocument } from './space-document.ts';
import type { Role } from './spaces.ts';

export interface SpaceMember {
  userId: string;
  role: Role;
  since: string;
}

/**
 * Who is in a space. `by` is who wants it, and must be an owner at the moment of the change; null is the server.
 * A change is made when a call answers: requests of a revoked member have ended in this process, and his membership
 * document is written, or will be.
 */
export interface SpaceMembers {
  /** For members only; throws SetteeError `not_found` for others. */
  members(spaceId: string, by: Actor): Promise<SpaceMember[]>;
  /** Whoever is a member already keeps his role. */
  addMember(spaceId: string, member: { userId: string; role: Role }, by: Actor): Promise<void>;
  /** Throws SetteeError `last_owner` where none would be left. */
  setRole(spaceId: string, member: { userId: string; role: Role }, by: Actor): Promise<void>;
  /**
   * Members may always take themselves out; throws SetteeError `last_owner` where no owner would be left. The flows of
   * a shared space in which one is left alone go to his personal space.
   */
  removeMember(spaceId: string, userId: string, by: Actor): Promise<void>;
  /** The member becomes owner, and whoever hands over an editor. */
  handOver(spaceId: string, userId: string, by: Actor): Promise<void>;
}

export function createSpaceMembers(options: {
  directory: Directory;
  outbox: Outbox;
  clock: () => Date;
  /** Resolves when requests of whoever was revoked are over. */
  ended: () => Promise<void>;
}): SpaceMembers {
  const { directory, outbox, clock, ended } = options;

  async function change(spaceId: string, by: Actor, next: (current: SpaceDocument) => SpaceDocument) {
    await directory.update(spaceId, (found) => {
      const current = required(found);
      assertOwner(current, by);
      assertShareable(current);
      return next(current);
    });
    await Promise.all([outbox.settleOrLater(spaceId), ended()]);
  }

  return {
    async members(spaceId, by) {
      const document = await requireSpace(directory, spaceId);
      if (by !== null && roleIn(document, by) === null) required(null);
      return Object.entries(document.members).map(([userId, role]) => ({
        userId,
        role,
        since: sinceIn(document, userId),
      }));
    },
    addMember: (spaceId, { userId, role }, by) =>
      change(spaceId, by, (current) => withMember(current, { userId, role, now: clock() })),
    setRole: (spaceId, { userId, role }, by) =>
      change(spaceId, by, (current) => withRole(current, userId, role)),
    removeMember: (spaceId, userId, by) =>
      change(spaceId, by === userId ? null : by, (current) => withoutMember(current, userId, clock())),
    handOver: (spaceId, userId, by) => change(spaceId, by, (current) => withOwner(current, userId, by)),
  };
}
