import { forbidden, unauthorized } from './couch-error.ts';

/** Who makes a request, as CouchDB's `userCtx`: no name means anonymous. */
export interface UserContext {
  name: string | null;
  roles: string[];
}

/** A database's `_security` document; other keys are kept and shown to validators. */
export interface SecurityObject {
  admins?: { names?: string[]; roles?: string[] };
  members?: { names?: string[]; roles?: string[] };
  [key: string]: unknown;
}

export const anonymous: UserContext = { name: null, roles: [] };

export function isServerAdmin(user: UserContext): boolean {
  return user.roles.includes('_admin');
}

function matches(user: UserContext, group: { names?: string[]; roles?: string[] } | undefined): boolean {
  if (!group) return false;
  if (user.name !== null && group.names?.includes(user.name)) return true;
  return group.roles?.some((role) => user.roles.includes(role)) ?? false;
}

export function isDatabaseAdmin(user: UserContext, security: SecurityObject): boolean {
  return isServerAdmin(user) || matches(user, security.admins);
}

/** Throws CouchDB's 401 or 403 unless the user is an administrator of the server. */
export function assertServerAdmin(user: UserContext): void {
  if (isServerAdmin(user)) return;
  throw unauthorized('You are not a server admin.');
}

/** Who may read a database: its members, its administrators, the server's. */
export function isMember(user: UserContext, security: SecurityObject): boolean {
  return isDatabaseAdmin(user, security) || matches(user, security.members);
}

/** Throws unless the user may read the database. */
export function assertMember(user: UserContext, security: SecurityObject): void {
  if (isMember(user, security)) return;
  if (user.name === null) throw unauthorized('You are not authorized to access this db.');
  throw forbidden('You are not allowed to access this db.');
}

export function assertDatabaseAdmin(user: UserContext, security: SecurityObject): void {
  if (isDatabaseAdmin(user, security)) return;
  throw unauthorized('You are not a db or server admin.');
}
