import { randomUUID } from 'node:crypto';
import type { Couch } from '../../couch/couch.ts';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { readLeaves, UnreadableDatabaseError } from '../../couch/read-leaves.ts';
import { CommandError } from '../command.ts';
import { everything, ofUser } from './contents.ts';
import { backupVersion, type BackupFooter, type Counts } from './lines.ts';
import { createBackupWriter, type BackupWriter } from './writer.ts';

export interface WriteBackupOptions {
  couch: Couch;
  http: EngineHttp;
  path: string;
  scope: 'all' | { userId: string; email: string };
  now: Date;
  signal: AbortSignal;
  onDatabase?(progress: { name: string; done: number; total: number; counts: Counts }): void;
}

export interface BackupReport {
  footer: BackupFooter;
  /** Leaves that the engine names and does not give: they are not in the file. */
  unreadable: { database: string; id: string; rev: string }[];
}

/** Writes a backup file; where it fails or is aborted, no file is left. */
export async function writeBackup(options: WriteBackupOptions): Promise<BackupReport> {
  const writer = await createBackupWriter(options.path);
  try {
    return await writeAll(options, writer);
  } catch (error) {
    await writer.discard();
    if (error instanceof UnreadableDatabaseError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

async function writeAll(options: WriteBackupOptions, writer: BackupWriter): Promise<BackupReport> {
  const { couch, http, scope, signal } = options;
  const sections = scope === 'all' ? await everything(couch) : await ofUser(couch, scope.userId);
  const names = sections.map(({ database }) => database.slice(couch.prefix.length));
  await writer.header({
    line: 'header',
    format: 'settee-backup',
    version: backupVersion,
    id: randomUUID(),
    createdAt: options.now.toISOString(),
    scope,
    databases: names,
  });
  const unreadable: BackupReport['unreadable'] = [];
  for (const [index, { database, wants }] of sections.entries()) {
    const name = names[index] ?? database;
    await writer.database(name);
    const onUnreadable = (leaf: { id: string; rev: string }): void =>
      void unreadable.push({ database: name, ...leaf });
    try {
      for await (const doc of readLeaves({ http, database, signal, wants, onUnreadable }))
        await writer.leaf(doc);
    } catch (error) {
      // Dropped meanwhile, by retention or with its account: that is no failure of the backup.
      if (signal.aborted || (await couch.exists(database))) throw error;
    }
    const counts = await writer.end();
    options.onDatabase?.({ name, done: index + 1, total: sections.length, counts });
  }
  return { footer: await writer.finish(), unreadable };
}
