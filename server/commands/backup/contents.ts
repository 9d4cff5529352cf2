import { parseDatabaseName, personalDatabase, serverDatabaseName } from '../../../schema/index.ts';
import {
  emailClaimId,
  hashEmail,
  userDocumentId,
  type EmailClaim,
  type UserDocument,
} from '../../auth/account-documents.ts';
import type { Couch } from '../../couch/couch.ts';
import { orNull } from '../../couch/engine-error.ts';
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
  return ordered.map((database) => ({ database, wants: (id) => database !== accounts || !isSession(id) }));
}

/** One user's databases, and what the directory and the accounts hold of that user. */
export async function ofUser(couch: Couch, userId: string): Promise<BackupSection[]> {
  const personal = personalDatabase(userId, couch.prefix);
  const own = (await couch.databases({ startKey: personal, endKey: `${personal}-\ufff0` })).filter((name) => {
    const parsed = parseDatabaseName(name, couch.prefix);
    return parsed?.kind === 'personal' && parsed.userId === userId;
  });
  const account = couch.admin<Partial<UserDocument>>(serverDatabaseName('accounts', couch.prefix));
  const { emailHash } = await account.get(userDocumentId(userId));
  const accountIds = new Set([userDocumentId(userId), emailClaimId(emailHash ?? '')]);
  const accountPrefixes = [`key:${userId}:`, `device:${userId}:`];
  return [
    ...own.map((database) => ({ database, wants: () => true })),
    {
      database: serverDatabaseName('directory', couch.prefix),
      wants: (id) => id === `space:${userId}`,
    },
    {
      database: serverDatabaseName('accounts', couch.prefix),
      wants: (id) => accountIds.has(id) || accountPrefixes.some((prefix) => id.startsWith(prefix)),
    },
  ];
}
