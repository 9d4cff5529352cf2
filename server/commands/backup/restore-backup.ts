import { parseDatabaseName, serverDatabaseName } from '../../../schema/index.ts';
import type { Couch } from '../../couch/couch.ts';
import { layoutOf } from '../../couch/database-layout.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import type { Spaces } from '../../spaces/spaces.ts';
import { CommandError } from '../command.ts';
import { createLeafWriter, type FailedLeaf, type LeafWriter } from './leaf-writer.ts';
import type { BackupHeader } from './lines.ts';
import type { LeafDocument } from '../../couch/read-leaves.ts';
import { readBackup, verifyBackup } from './reader.ts';
import { createRestoreMarks, type RestoreMarks } from './restore-mark.ts';
import {
  createBackedUpAccounts,
  findLiveUsers,
  findUsersWithoutSpace,
  noteAccount,
  refuseFilledSpaces,
  refuseTakenAddresses,
  type BackedUpAccounts,
} from './restore-target.ts';
import { reviveAccounts } from './revive-accounts.ts';

export interface RestoreOptions {
  couch: Couch;
  http: EngineHttp;
  spaces: Pick<Spaces, 'createPersonal' | 'renewMemberships'>;
  path: string;
  /** Merge into spaces that have documents already. */
  force: boolean;
  /** Only a backup that is this user's. */
  email?: string;
  signal: AbortSignal;
  onDatabase?(progress: { name: string; done: number; total: number; leaves: number }): void;
}

export interface RestoreReport {
  header: BackupHeader;
  databases: number;
  leaves: number;
  failed: FailedLeaf[];
}

/**
 * Writes a backup into the engine: databases are made, every leaf comes with its revisions (`new_edits: false`), so
 * that what is newer here stays newer. May be repeated, and goes on after an interruption.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { couch, http, path } = options;
  const accounts = createBackedUpAccounts();
  const { header } = await verifyBackup(path, {
    onLeaf: (name, doc) => (name === serverDatabaseName('accounts') ? noteAccount(accounts, doc) : undefined),
  });
  if (options.email !== undefined) refuseOtherUser(header, options.email);
  const marks = createRestoreMarks({ admin: (database) => couch.admin(database), backup: header.id });
  await refuseTakenAddresses(couch, http, accounts);
  if (!options.force) await refuseFilledSpaces(couch, header, (database) => marks.isOurs(database));

  const report = await writeDatabases(options, { header, accounts, marks });
  for (const { id, createdAt } of await findUsersWithoutSpace(couch, http, accounts)) {
    await options.spaces.createPersonal({ id, createdAt: createdAt ?? header.createdAt });
  }
  await options.spaces.renewMemberships(spacesIn(header));
  for (const name of header.databases) await marks.remove(couch.prefix + name);
  return report;
}

/** The ids of the spaces in the file that several people may share. */
function spacesIn({ databases }: BackupHeader): string[] {
  return databases.flatMap((name) => {
    const parsed = parseDatabaseName(name);
    return parsed?.kind === 'space' && parsed.month === undefined ? [parsed.spaceId] : [];
  });
}

function refuseOtherUser(header: BackupHeader, email: string): void {
  if (header.scope === 'all') {
    throw new CommandError(
      'This is a backup of everybody; --email restores only a backup made with --email.',
    );
  }
  if (header.scope.email.toLowerCase() !== email.trim().toLowerCase()) {
    throw new CommandError(`This is a backup of ${header.scope.email}, not of ${email}.`);
  }
}

interface Restoring {
  header: BackupHeader;
  accounts: BackedUpAccounts;
  marks: RestoreMarks;
}

async function writeDatabases(options: RestoreOptions, restoring: Restoring): Promise<RestoreReport> {
  const { couch, http } = options;
  const { header, accounts, marks } = restoring;
  const live = await findLiveUsers(couch, http, accounts);
  const report: RestoreReport = { header, databases: 0, leaves: 0, failed: [] };
  let section: LeafWriter | undefined;
  for await (const line of readBackup(options.path)) {
    if (line.line === 'database') {
      const database = couch.prefix + line.name;
      await makeDatabase(couch, database);
      await marks.set(database);
      section = openSection(options, { name: line.name, live });
    } else if (line.line === 'leaf') {
      await section?.add(line.doc);
    } else if (line.line === 'end' && section) {
      const { written, failed } = await section.finish();
      report.databases += 1;
      report.leaves += written;
      report.failed.push(...failed);
      options.onDatabase?.({
        name: line.name,
        done: report.databases,
        total: header.databases.length,
        leaves: written,
      });
    }
  }
  return report;
}

function openSection(
  { couch, http, signal }: RestoreOptions,
  { name, live }: { name: string; live: ReadonlySet<string> },
): LeafWriter {
  const database = couch.prefix + name;
  const isAccounts = name === serverDatabaseName('accounts');
  const revive = (docs: readonly LeafDocument[]): Promise<void> =>
    reviveAccounts({ http, database, docs, live });
  const open = (): LeafWriter =>
    createLeafWriter({
      http,
      database,
      signal,
      ...(isAccounts || name === serverDatabaseName('directory') ? { onBatch: revive } : {}),
    });
  return isAccounts ? usersLast(open(), open()) : open();
}

/**
 * Holds the users back until everything else is written and revived: whoever is there counts as live, so an
 * interrupted restore would else leave the rest of that account deleted when it is repeated.
 */
function usersLast(others: LeafWriter, users: LeafWriter): LeafWriter {
  const heldBack: LeafDocument[] = [];
  return {
    async add(doc) {
      if (doc._id.startsWith('user:')) heldBack.push(doc);
      else await others.add(doc);
    },
    async finish() {
      const first = await others.finish();
      for (const doc of heldBack) await users.add(doc);
      const last = await users.finish();
      return { written: first.written + last.written, failed: [...first.failed, ...last.failed] };
    },
  };
}

async function makeDatabase(couch: Couch, database: string): Promise<void> {
  const layout = layoutOf(database, couch.prefix);
  if (!layout) throw new CommandError(`The backup holds a database that Settee does not know: ${database}.`);
  await couch.createDatabase(database, layout.kind, layout.spaceId);
}
