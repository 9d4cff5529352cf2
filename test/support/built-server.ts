import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

let compiled: Promise<unknown> | undefined;

/**
 * The compiled `settee` command, made current first where sources changed: it starts in half the time that
 * compiling each module anew would take.
 */
export async function builtServer(): Promise<string> {
  compiled ??= promisify(execFile)('node_modules/.bin/tsc', ['-b', 'server'], { cwd: root });
  await compiled;
  return 'dist/server/main.js';
}
