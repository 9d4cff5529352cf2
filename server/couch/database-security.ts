import { z } from 'zod';
import type { DatabaseKind } from './couch.ts';

const namesAndRoles = z.object({ names: z.array(z.string()), roles: z.array(z.string()) });
const securitySchema = z.looseObject({ admins: namesAndRoles, members: namesAndRoles });

export type DatabaseSecurity = z.infer<typeof securitySchema>;

/**
 * The `_security` of a database, by role and never changed: it has no revision, so concurrent changes would lose
 * members. A space's validator reads the space's id from the first members role.
 */
export function securityFor(kind: DatabaseKind, spaceId?: string): DatabaseSecurity {
  const admins = { names: [], roles: ['_admin'] };
  if (kind !== 'space' && kind !== 'runs') return { admins, members: { names: [], roles: ['_admin'] } };
  if (spaceId === undefined) throw new TypeError(`A database of kind ${kind} belongs to a space.`);
  return { admins, members: { names: [], roles: [`space:${spaceId}`] } };
}

/** True where nobody but the expected roles gets in; an administrator's further roles are left alone. */
export function isSecured(actual: unknown, expected: DatabaseSecurity): boolean {
  const parsed = securitySchema.safeParse(actual);
  if (!parsed.success) return false;
  const { admins, members } = parsed.data;
  return admins.roles.includes('_admin') && members.roles[0] === expected.members.roles[0];
}
