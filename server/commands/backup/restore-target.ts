import { z } from 'zod';
import { personalDatabase, parseDatabaseName, serverDatabaseName } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { CommandError } from '../command.ts';
import type { BackupHeader } from './lines.ts';
import type { LeafDocument } from '../../couch/read-leaves.ts';

/** What a restore must know of the accounts in the file before it writes. */
export interface BackedUpAccounts {
  /** The users in the file, and since when each has been one. */
  users: Map<string, string | undefined>;
  /** Who held an address, by the id of the claim. */
  claims: Map<string, string>;
}

export function createBackedUpAccounts(): BackedUpAccounts {
  return { users: new Map(), claims: new Map() };
}

const ownedSchema = z.looseObject({ userId: z.string() });
const userSchema = z.looseObject({ createdAt: z.iso.datetime({ offset: true }) });

/** Takes note of a leaf of the accounts database. */
export function noteAccount(accounts: BackedUpAccounts, doc: LeafDocument): void {
  if (doc._deleted === true) return;
  if (doc._id.startsWith('user:')) {
    accounts.users.set(doc._id.slice('user:'.length), userSchema.safeParse(doc).data?.createdAt);
  }
  const owned = ownedSchema.safeParse(doc);
  if (doc._id.startsWith('email:') && owned.success) accounts.claims.set(doc._id, owned.data.userId);
}

const rowsSchema = z.object({
  rows: z.array(
    z.object({
      key: z.string(),
      value: z.looseObject({ deleted: z.boolean().optional() }).nullish(),
      doc: z.looseObject({}).nullish(),
    }),
  ),
});
export type FoundRow = z.infer<typeof rowsSchema>['rows'][number];

/** The winners of these documents, 500 at a time; missing ones have no `value`. */
export async function findDocuments(http: EngineHttp, database: string, ids: string[]): Promise<FoundRow[]> {
  const rows: FoundRow[] = [];
  for (let start = 0; start < ids.length; start += 500) {
    const path = `/${encodeURIComponent(database)}/_all_docs?include_docs=true`;
    const body = { keys: ids.slice(start, start + 500) };
    const answer = await http.request(path, { method: 'POST', body });
    if (answer.status === 404) return [];
    rows.push(...rowsSchema.parse(answer.body).rows);
  }
  return rows;
}

/** Users of the file who have an account here now; what they deleted since the backup stays deleted. */
export async function findLiveUsers(
  couch: Couch,
  http: EngineHttp,
  accounts: BackedUpAccounts,
): Promise<Set<string>> {
  const database = serverDatabaseName('accounts', couch.prefix);
  const ids = [...accounts.users.keys()].map((id) => `user:${id}`);
  const rows = await findDocuments(http, database, ids);
  return new Set(
    rows.filter((row) => row.value && row.value.deleted !== true).map((row) => row.key.slice(5)),
  );
}

/** Throws CommandError where an address of the file belongs to somebody else here. */
export async function refuseTakenAddresses(
  couch: Couch,
  http: EngineHttp,
  accounts: BackedUpAccounts,
): Promise<void> {
  const database = serverDatabaseName('accounts', couch.prefix);
  for (const { key, doc } of await findDocuments(http, database, [...accounts.claims.keys()])) {
    const holder = ownedSchema.safeParse(doc);
    if (!holder.success || holder.data.userId === accounts.claims.get(key)) continue;
    throw new CommandError(
      `An address of this backup belongs to another account here (user ${holder.data.userId}; in the backup, user ` +
        `${accounts.claims.get(key)}). Delete that account or change its address first.`,
    );
  }
}

/** Throws CommandError where a space of the file has documents here that no earlier run of this restore wrote. */
export async function refuseFilledSpaces(
  couch: Couch,
  header: BackupHeader,
  isOurs: (database: string) => Promise<boolean>,
): Promise<void> {
  const filled: string[] = [];
  for (const name of header.databases) {
    const parsed = parseDatabaseName(name);
    if (!parsed || parsed.kind === 'server' || parsed.month !== undefined) continue;
    const database = couch.prefix + name;
    if ((await hasDocuments(couch, database)) && !(await isOurs(database))) filled.push(database);
  }
  if (filled.length === 0) return;
  throw new CommandError(
    `There is data already in ${filled.slice(0, 5).join(', ')}${filled.length > 5 ? ` and ${filled.length - 5} more` : ''}. ` +
      `With --force the backup's revisions are merged into it; nothing that is there is lost.`,
  );
}

async function hasDocuments(couch: Couch, database: string): Promise<boolean> {
  if (!(await couch.exists(database))) return false;
  const { rows } = await couch.admin(database).list({ limit: 2 });
  return rows.some(({ id }) => !id.startsWith('_design/'));
}

const spaceSchema = z.looseObject({ removing: z.boolean().optional() });

/**
 * Users of the file who have no entry in the directory or no database: who registers while a backup runs may come into
 * it with the account alone. Those whose space is being removed do not count.
 */
export async function findUsersWithoutSpace(
  couch: Couch,
  http: EngineHttp,
  { users }: BackedUpAccounts,
): Promise<{ id: string; createdAt: string | undefined }[]> {
  const existing = new Set(await couch.databases());
  const ids = [...users.keys()].map((id) => `space:${id}`);
  const rows = await findDocuments(http, serverDatabaseName('directory', couch.prefix), ids);
  const entries = new Map(rows.map(({ key, doc }) => [key, spaceSchema.safeParse(doc).data]));
  return [...users]
    .filter(([id]) => {
      const entry = entries.get(`space:${id}`);
      const hasDatabase = existing.has(personalDatabase(id, couch.prefix));
      return entry === undefined || (!hasDatabase && entry.removing !== true);
    })
    .map(([id, createdAt]) => ({ id, createdAt }));
}
