import {
  parseDatabaseName,
  personalDatabase,
  serverDatabaseName,
  spaceDatabase,
} from '../../../schema/index.ts';
import {
  emailClaimId,
  hashEmail,
  userDocumentId,
  type EmailClaim,
  type UserDocument,
} from '../../auth/account-documents.ts';
import type { Couch } from '../../couch/couch.ts';
import { orNull } from '../../couch/engine-error.ts';
import { spaceDocumentSchema, spaceIdOf } from '../../spaces/space-document.ts';
import { CommandError } from '../command.ts';

/** A database of a backup, and which of its documents belong into it. */
export interface BackupSection {
  /** The whole name, prefix included. */
  database: string;
  wants: (id: string) => boolean;
}

/** Sessions end with a restore: bringing them back would revive those that were ended since. */
function isSession(id: string): boolean {
  return id.startsWith('session:');
}

/** Written by the server from the directory: a restore has them written anew. */
function isMembership(id: string): boolean {
  return id.startsWith('membership:');
}

/** The account of an address; throws CommandError where there is none. */
export async function findUser(couch: Couch, email: string): Promise<{ userId: string; email: string }> {
  const accounts = couch.admin(serverDatabaseName('accounts', couch.prefix));
  const claim = await orNull<Partial<EmailClaim>>(accounts.get(emailClaimId(hashEmail(email))));
  const user = claim?.userId
    ? await orNull<Partial<UserDocument>>(accounts.get(userDocumentId(claim.userId)))
    : null;
  if (!claim?.userId || !user) throw new CommandError(`Nobody has an account with the address ${email}.`);
  return { userId: claim.userId, email: user.email ?? email };
}

/**
 * Everything of this deployment. The account databases come last, so that in a restore an account can be used only
 * when its data is there.
 */
export async function everything(couch: Couch): Promise<BackupSection[]> {
  const accounts = serverDatabaseName('accounts', couch.prefix);
  const names = await couch.databases();
  const isServer = (name: string): boolean => parseDatabaseName(name, couch.prefix)?.kind === 'server';
  const ordered = [
    ...names.filter((name) => !isServer(name)),
    ...names.filter((name) => isServer(name) && name !== accounts),
    ...names.filter((name) => name === accounts),
  ];
  return ordered.map((database) => ({
    database,
    wants: (id) => (database === accounts ? !isSession(id) : !isMembership(id)),
  }));
}

/** A space's own database and those of its months. */
async function databasesOf(couch: Couch, database: string): Promise<string[]> {
  const found = await couch.databases({ startKey: database, endKey: `${database}-\ufff0` });
  return found.filter((name) => name === database || name.startsWith(`${database}-runs-`));
}

/** The spaces of several people that the user owns, alone or with others. */
async function ownedSpaces(couch: Couch, userId: string): Promise<string[]> {
  const directory = couch.admin(serverDatabaseName('directory', couch.prefix));
  const query = { key: userId, include_docs: true, reduce: false };
  const { rows } = await directory.view('settee', 'spaces_by_member', query);
  return rows.flatMap(({ doc }) => {
    const space = spaceDocumentSchema.safeParse(doc).data;
    const isOwned = space?.members[userId] === 'owner' && space.kind !== 'personal' && !space.removing;
    return isOwned ? [spaceIdOf(space)] : [];
  });
}

/** One user's databases, those of the spaces he owns, and what the directory and the accounts hold of them. */
export async function ofUser(couch: Couch, userId: string): Promise<BackupSection[]> {
  const spaces = await ownedSpaces(couch, userId);
  const mains = [
    personalDatabase(userId, couch.prefix),
    ...spaces.map((id) => spaceDatabase(id, couch.prefix)),
  ];
  const own = (await Promise.all(mains.map((database) => databasesOf(couch, database)))).flat();
  const entries = new Set([userId, ...spaces].map((id) => `space:${id}`));
  const account = couch.admin<Partial<UserDocument>>(serverDatabaseName('accounts', couch.prefix));
  const { emailHash } = await account.get(userDocumentId(userId));
  const accountIds = new Set([userDocumentId(userId), emailClaimId(emailHash ?? '')]);
  const accountPrefixes = [`key:${userId}:`, `device:${userId}:`];
  return [
    ...own.map((database) => ({ database, wants: (id: string) => !isMembership(id) })),
    {
      database: serverDatabaseName('directory', couch.prefix),
      wants: (id) => entries.has(id),
    },
    {
      database: serverDatabaseName('accounts', couch.prefix),
      wants: (id) => accountIds.has(id) || accountPrefixes.some((prefix) => id.startsWith(prefix)),
    },
  ];
}
