/**
 * Database names. Every name is built and parsed here, so that the proxy, the engine guard and the
 * provisioning code agree on what exists. A deployment may put a prefix before all of its databases
 * (`DATABASE_PREFIX`), so that several can share one CouchDB.
 */

/** `YYYY-MM`, in UTC. */
export type Month = string;

export type ParsedDatabaseName =
  | { kind: 'personal'; userId: string; month?: Month }
  | { kind: 'space'; spaceId: string; month?: Month }
  | { kind: 'server'; name: string };

export const databasePrefixPattern = /^(?:[a-z][a-z0-9]{0,30}-)?$/;

const monthPattern = /^\d{4}-(?:0[1-9]|1[0-2])$/;
const userDatabase = /^userdb-((?:[0-9a-f]{2}){1,100})(?:-runs-(\d{4}-\d{2}))?$/;
const spaceDatabasePattern =
  /^space-([0-9a-z]{1,40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-runs-(\d{4}-\d{2}))?$/;
const serverDatabase = /^settee-([a-z]{1,20}(?:-\d{4}-\d{2})?)$/;

/** Percent-encoding is the one UTF-8 codec in the language itself, so this runs without a platform's library. */
function toHex(text: string): string {
  return encodeURIComponent(text).replace(/%(..)|([^%])/g, (_whole, escaped?: string, plain?: string) =>
    escaped === undefined
      ? (plain as string).charCodeAt(0).toString(16).padStart(2, '0')
      : escaped.toLowerCase(),
  );
}

function fromHex(hex: string): string | null {
  try {
    return decodeURIComponent(hex.replace(/../g, '%$&'));
  } catch {
    return null;
  }
}

export function isMonth(value: string): value is Month {
  return monthPattern.test(value);
}

/** couch_peruser's convention: `userdb-` and the hex of the user's id. */
export function personalDatabase(userId: string, prefix = ''): string {
  return `${prefix}userdb-${toHex(userId)}`;
}

export function spaceDatabase(spaceId: string, prefix = ''): string {
  return `${prefix}space-${spaceId}`;
}

/** The database that holds a space's executions of one month. */
export function runsDatabase(database: string, month: Month): string {
  return `${database}-runs-${month}`;
}

/** A database that only the server reads: `accounts`, `directory`, `jobs`, `audit`, `journal-YYYY-MM`. */
export function serverDatabaseName(name: string, prefix = ''): string {
  return `${prefix}settee-${name}`;
}

/** Reads a name back, or returns null for everything that Settee does not make itself. */
export function parseDatabaseName(database: string, prefix = ''): ParsedDatabaseName | null {
  if (!database.startsWith(prefix)) return null;
  const name = database.slice(prefix.length);
  const user = userDatabase.exec(name);
  if (user) {
    const userId = fromHex(user[1] as string);
    if (userId === null || (user[2] !== undefined && !isMonth(user[2]))) return null;
    return { kind: 'personal', userId, ...(user[2] === undefined ? {} : { month: user[2] }) };
  }
  const space = spaceDatabasePattern.exec(name);
  if (space) {
    if (space[2] !== undefined && !isMonth(space[2])) return null;
    return {
      kind: 'space',
      spaceId: space[1] as string,
      ...(space[2] === undefined ? {} : { month: space[2] }),
    };
  }
  const server = serverDatabase.exec(name);
  return server ? { kind: 'server', name: server[1] as string } : null;
}

/** True for the names that any Settee makes, under whatever prefix; the embedded engine serves no others. */
export function isSetteeDatabaseName(database: string): boolean {
  const prefix = /^(?:[a-z][a-z0-9]{0,30}-)??(?=userdb-|space-|settee-)/.exec(database);
  return prefix !== null && parseDatabaseName(database, prefix[0]) !== null;
}

/** The UTC month of a time. */
export function monthOf(time: Date): Month {
  return time.toISOString().slice(0, 7);
}
