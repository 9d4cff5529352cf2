import { spaceIdOf, type SpaceDocument } from './space-document.ts';
import type { Role } from './spaces.ts';

/** Who lost a space or has another role in it. */
export function revokedMembers(before: SpaceDocument | null, after: SpaceDocument | null): string[] {
  if (!before || (after && spaceIdOf(before) !== spaceIdOf(after))) return [];
  return Object.keys(before.members).filter((userId) => roleIn(after, userId) !== roleIn(before, userId));
}

/** A member's role; names such as `__proto__` are nobody's. */
export function roleIn(document: SpaceDocument | null, userId: string): Role | null {
  if (!document || document.removing || !Object.hasOwn(document.members, userId)) return null;
  return document.members[userId] ?? null;
}
