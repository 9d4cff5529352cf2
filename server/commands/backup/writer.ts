import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createGzip } from 'node:zlib';
import type { LeafDocument } from '../../couch/read-leaves.ts';
import { CommandError } from '../command.ts';
import {
  addCounts,
  countsOf,
  noCounts,
  type BackupFooter,
  type BackupHeader,
  type BackupLine,
  type Counts,
} from './lines.ts';

/** Writes a backup line by line; the file appears under its name only when `finish` has made it whole and durable. */
export interface BackupWriter {
  header(header: BackupHeader): Promise<void>;
  /** Opens a database's section. */
  database(name: string): Promise<void>;
  leaf(doc: LeafDocument): Promise<void>;
  /** Closes the section and answers what it holds. */
  end(): Promise<Counts>;
  finish(): Promise<BackupFooter>;
  /** Removes what was written so far; does nothing after `finish`. */
  discard(): Promise<void>;
}

async function openTarget(
  path: string,
): Promise<{ partial: string; handle: Awaited<ReturnType<typeof open>> }> {
  const partial = `${path}.partial`;
  try {
    // Claims the name at once, and finds out early that it is taken or cannot be written.
    await (await open(path, 'wx', 0o600)).close();
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new CommandError(
      exists
        ? `${path} exists already; a backup never overwrites a file.`
        : `${path} cannot be written: ${String(cause)}`,
      { cause },
    );
  }
  return { partial, handle: await open(partial, 'w', 0o600) };
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(dirname(path), 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Starts a new backup file, readable by its owner only. */
export async function createBackupWriter(path: string): Promise<BackupWriter> {
  const { partial, handle } = await openTarget(path);
  const gzip = createGzip({ level: 6 });
  const file = handle.createWriteStream({ flush: true });
  const written = new Promise<void>((resolve, reject) => {
    file.once('finish', resolve);
    file.once('error', reject);
    gzip.once('error', reject);
  });
  // A full disk is reported by the next write or by `finish`; nobody waits for it in between.
  let failure: Error | undefined;
  written.catch((error: Error) => (failure = error));
  gzip.pipe(file);

  const hash = createHash('sha256');
  let section = { name: '', counts: noCounts };
  let total = noCounts;
  let databases = 0;
  let isOpen = true;

  const write = async (line: BackupLine): Promise<void> => {
    if (failure !== undefined)
      throw new CommandError(`${path} cannot be written: ${failure.message}`, { cause: failure });
    const text = `${JSON.stringify(line)}\n`;
    if (line.line !== 'footer') hash.update(text);
    if (!gzip.write(text)) await Promise.race([once(gzip, 'drain'), written]);
  };

  return {
    header: (header) => write(header),
    async database(name) {
      section = { name, counts: noCounts };
      await write({ line: 'database', name });
    },
    async leaf(doc) {
      section.counts = addCounts(section.counts, countsOf(doc));
      await write({ line: 'leaf', doc });
    },
    async end() {
      await write({ line: 'end', name: section.name, ...section.counts });
      total = addCounts(total, section.counts);
      databases += 1;
      return section.counts;
    },
    async finish() {
      const footer: BackupFooter = { line: 'footer', databases, ...total, sha256: hash.digest('hex') };
      await write(footer);
      gzip.end();
      await written;
      isOpen = false;
      await rename(partial, path);
      await syncDirectory(path);
      return footer;
    },
    async discard() {
      if (!isOpen) return;
      isOpen = false;
      gzip.destroy();
      file.destroy();
      await rm(partial, { force: true });
      await rm(path, { force: true });
    },
  };
}
