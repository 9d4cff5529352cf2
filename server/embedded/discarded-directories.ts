import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** No database's name begins so. */
const prefix = '.discarded-';

/** What cannot be removed stays under its new name, for the next start. */
async function tryToRemove(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true }).catch(() => undefined);
}

/** Deletes a directory whole or not at all: it has lost its name before the first of its files goes. */
export async function discardDirectory(directory: string): Promise<void> {
  const discarded = join(dirname(directory), `${prefix}${randomUUID()}`);
  try {
    await rename(directory, discarded);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await tryToRemove(discarded);
}

/** Removes what is left below `parent` of directories that were being deleted when the process ended. */
export async function removeDiscarded(parent: string): Promise<void> {
  const left = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  await Promise.all(left.map((name) => tryToRemove(join(parent, name))));
}
