import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from '../errors.ts';
import { keyFileSchema, type KeyFileContent } from './signing-key.ts';

/** A lock older than this was left by a process that died: the work under it takes milliseconds. */
const staleLockMilliseconds = 10_000;

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** The file that holds the private keys: JSON, readable by its owner only, replaced as a whole. */
export interface KeyFile {
  /** Null where there is no file yet; throws SetupError where it cannot be understood. */
  read(): Promise<KeyFileContent | null>;
  /** Reads, lets `change` decide, and writes what it returns; one process at a time. */
  update(change: (content: KeyFileContent | null) => KeyFileContent | null): Promise<void>;
  /** Differs whenever the file was replaced. */
  fingerprint(): Promise<string>;
}

async function isStale(lock: string): Promise<boolean> {
  return stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > staleLockMilliseconds,
    () => false,
  );
}

/** Takes a lock away that its owner left: one process at a time, or a second one would take the next owner's. */
async function breakLock(lock: string): Promise<void> {
  const breaking = `${lock}.breaking`;
  try {
    await writeFile(breaking, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    if (await isStale(breaking)) await rm(breaking, { force: true });
    else await sleep(5 + Math.random() * 10);
    return;
  }
  try {
    if (await isStale(lock)) await rm(lock, { force: true });
  } finally {
    await rm(breaking, { force: true });
  }
}

/** Waits for the lock and returns what it says: only its owner knows. */
async function acquire(lock: string): Promise<string> {
  const owner = randomBytes(12).toString('hex');
  for (;;) {
    try {
      await writeFile(lock, owner, { flag: 'wx', mode: 0o600 });
      return owner;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    if (await isStale(lock)) await breakLock(lock);
    else await sleep(20 + Math.random() * 30);
  }
}

/** A lock that was taken away meanwhile is another's. */
async function release(lock: string, owner: string): Promise<void> {
  const found = await readFile(lock, 'utf8').catch(() => null);
  if (found === owner) await rm(lock, { force: true });
}

async function replace(path: string, content: KeyFileContent): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}

function parse(path: string, text: string): KeyFileContent {
  try {
    return keyFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SetupError(
      `The key file ${path} cannot be understood. Restore it from a backup, or remove it to make new keys ` +
        `(everybody has to sign in again).`,
      { cause },
    );
  }
}

export function createKeyFile(path: string): KeyFile {
  const read = async (): Promise<KeyFileContent | null> => {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return null;
      throw new SetupError(`The key file ${path} cannot be read: ${String(error)}`, {
        cause: error,
      });
    });
    if (text === null) return null;
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
    return parse(path, text);
  };
  return {
    read,
    async update(change) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const lock = `${path}.lock`;
      const owner = await acquire(lock);
      try {
        const content = change(await read());
        if (content !== null) await replace(path, content);
      } finally {
        await release(lock, owner);
      }
    },
    async fingerprint() {
      return stat(path).then(
        ({ ino, mtimeMs, size }) => `${ino}-${mtimeMs}-${size}`,
        () => 'missing',
      );
    },
  };
}
