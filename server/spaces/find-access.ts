import { parseDatabaseName, runsDatabase } from '../../schema/index.ts';
import type { Directory } from './directory.ts';
import { grantIn, roleIn } from './membership.ts';
import { monthsOf, spaceIdIn, spaceOf } from './space-document.ts';
import type { Access } from './spaces.ts';

/** What a database's name and the directory say; only the one spelling that Settee makes itself is known. */
export async function findAccess(
  directory: Directory,
  prefix: string,
  userId: string,
  database: string,
): Promise<Access | null> {
  const parsed = parseDatabaseName(database, prefix);
  const spaceId = parsed && spaceIdIn(parsed);
  if (!parsed || parsed.kind === 'server' || spaceId === null) return null;
  const document = await directory.get(spaceId);
  const role = roleIn(document, userId);
  if (!document || role === null) return null;
  const space = spaceOf(document, prefix);
  const { month } = parsed;
  if (database !== (month === undefined ? space.database : runsDatabase(space.database, month))) return null;
  const grant = grantIn(document, userId);
  return {
    userId,
    space,
    role,
    ...(grant === null ? {} : { grant }),
    database,
    ...(month === undefined ? {} : { month }),
    engineRoles: [`space:${space.id}`, `space:${space.id}:${role}`],
    months: monthsOf(document),
  };
}
