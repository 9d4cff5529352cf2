import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { PassThrough } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { LeafDocument } from '../../couch/read-leaves.ts';
import { CommandError } from '../command.ts';
import {
  addCounts,
  countsOf,
  backupLineSchema,
  backupVersion,
  noCounts,
  type BackupFooter,
  type BackupHeader,
  type BackupLine,
  type Counts,
} from './lines.ts';

async function* splitLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest: string[] = [];
  for await (const chunk of source) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      yield rest.join('') + part;
      rest = [];
    }
    if (last !== '') rest.push(last);
  }
  if (rest.length > 0) throw new CommandError('The backup ends in the middle of a line: it is incomplete.');
}

async function* rawLines(path: string): AsyncGenerator<string> {
  const text = new PassThrough();
  const done = pipeline(createReadStream(path), createGunzip(), text);
  done.catch((error: unknown) => text.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    yield* splitLines(text);
    await done;
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(explainReadError(path, cause), { cause });
  } finally {
    text.destroy();
    await done.catch(() => undefined);
  }
}

function explainReadError(path: string, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : '';
  if (code === 'ENOENT') return `There is no file ${path}.`;
  if (code === 'Z_BUF_ERROR') return `${path} is incomplete: it breaks off before its end.`;
  if (code === 'Z_DATA_ERROR' || code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
    return `${path} is damaged, or no backup of Settee.`;
  return `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
}

function parseLine(path: string, text: string): BackupLine {
  try {
    return backupLineSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CommandError(`${path} is damaged, or no backup of Settee: a line cannot be understood.`, {
      cause,
    });
  }
}

/** The lines of a backup, in order. Throws CommandError where the file breaks off or cannot be understood. */
export async function* readBackup(path: string): AsyncGenerator<BackupLine> {
  for await (const text of rawLines(path)) yield parseLine(path, text);
}

/** What `verifyBackup` found. */
export interface VerifiedBackup {
  header: BackupHeader;
  footer: BackupFooter;
}

function isSame(a: Counts, b: Counts): boolean {
  return a.leaves === b.leaves && a.deleted === b.deleted && a.attachments === b.attachments;
}

function checkHeader(path: string, line: BackupLine | undefined): BackupHeader {
  if (line?.line !== 'header') throw new CommandError(`${path} is no backup of Settee: it has no header.`);
  if (line.version > backupVersion) {
    throw new CommandError(
      `${path} was written by a newer Settee (format ${line.version}, this one reads ${backupVersion}): update first.`,
    );
  }
  return line;
}

/** Reads the whole file once and refuses it unless it is complete and unaltered: its counts and its hash must match. */
export async function verifyBackup(
  path: string,
  { onLeaf }: { onLeaf?: (database: string, doc: LeafDocument) => void } = {},
): Promise<VerifiedBackup> {
  const hash = createHash('sha256');
  let header: BackupHeader | undefined;
  let footer: BackupFooter | undefined;
  let name = '';
  let section = noCounts;
  let total = noCounts;
  for await (const text of rawLines(path)) {
    const line = parseLine(path, text);
    header ??= checkHeader(path, line);
    if (footer !== undefined) throw new CommandError(`${path} is damaged: there is something after its end.`);
    if (line.line === 'footer') footer = line;
    else hash.update(`${text}\n`);
    if (line.line === 'database') {
      section = noCounts;
      name = line.name;
    }
    if (line.line === 'leaf') {
      section = addCounts(section, countsOf(line.doc));
      onLeaf?.(name, line.doc);
    }
    if (line.line === 'end') {
      if (!isSame(section, line)) throw new CommandError(`${path} is damaged: ${line.name} is not whole.`);
      total = addCounts(total, section);
    }
  }
  if (header === undefined) throw new CommandError(`${path} is empty.`);
  if (footer === undefined) throw new CommandError(`${path} is incomplete: its last line is missing.`);
  if (footer.sha256 !== hash.digest('hex') || !isSame(footer, total)) {
    throw new CommandError(`${path} is damaged: its content does not match its own checksum.`);
  }
  return { header, footer };
}
