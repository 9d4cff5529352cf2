import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import leveldown from 'leveldown';
import { result } from './callbacks.ts';

/**
 * Takes a directory for this process alone, by an empty LevelDB in it: the operating system frees its lock
 * however the process ends, which a file with a process id would not survive. Throws where another holds it.
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const lock = leveldown(join(directory, 'lock'));
  try {
    await result((done) => lock.open(done));
  } catch (error) {
    throw new Error(
      `Another process has opened ${directory}: stop it, or choose another directory (DATA_DIR).`,
      {
        cause: error,
      },
    );
  }
  return async () => {
    await result((done) => lock.close(done));
  };
}
