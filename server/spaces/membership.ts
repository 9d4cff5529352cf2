import type { MembershipEnd } from '../../schema/index.ts';
import { spaceIdOf, type SpaceDocument } from './space-document.ts';
import type { Role } from './spaces.ts';

/** Who lost a space, has another role in it, or another grant. */
export function revokedMembers(before: SpaceDocument | null, after: SpaceDocument | null): string[] {
  if (!before || (after && spaceIdOf(before) !== spaceIdOf(after))) return [];
  return Object.keys(before.members).filter((userId) => holding(after, userId) !== holding(before, userId));
}

/** A member's role; names such as `__proto__` are nobody's. Templates are everybody's to read. */
export function roleIn(document: SpaceDocument | null, userId: string): Role | null {
  if (!document || document.removing) return null;
  return own(document.members, userId) ?? (document.kind === 'templates' ? 'viewer' : null);
}

/** What a member holds, as one text to compare; null for nobody. */
export function holding(document: SpaceDocument | null, userId: string): string | null {
  const role = roleIn(document, userId);
  return role === null ? null : `${role} ${grantIn(document, userId) ?? ''}`;
}

export function grantIn(document: SpaceDocument | null, userId: string): string | null {
  return own(document?.grants, userId) ?? null;
}

/** When somebody became a member. */
export function sinceIn(document: SpaceDocument, userId: string): string {
  return own(document.since, userId) ?? document.createdAt;
}

/** True where somebody was a member and is none now. */
export function isFormer(document: SpaceDocument | null, userId: string): boolean {
  return own(document?.former, userId) !== undefined && roleIn(document, userId) === null;
}

/** The last one in a space of shared flows whom nobody is about to join; null otherwise. */
export function lastMember(document: SpaceDocument | null, now: Date): string | null {
  if (!document || document.removing || document.kind !== 'shared') return null;
  const members = Object.keys(document.members);
  const isWaiting = Object.values(document.invitations ?? {}).some(
    ({ state, expiresAt }) => state === 'open' && Date.parse(expiresAt) >= now.getTime(),
  );
  return members.length === 1 && !isWaiting ? (members[0] as string) : null;
}

export function ownersOf({ members }: Pick<SpaceDocument, 'members'>): string[] {
  return Object.keys(members).filter((userId) => members[userId] === 'owner');
}

/** A field by a name that came from outside. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The record without one field. */
export function omit<T>(record: Readonly<Record<string, T>> | undefined, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([key]) => key !== name));
}

/** Why somebody is no member of a space that is there, or is being removed; null for members. */
export function endIn(document: SpaceDocument, userId: string): MembershipEnd | null {
  if (document.removing) return 'space_deleted';
  return roleIn(document, userId) === null ? 'membership_ended' : null;
}
