import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startEmbeddedTestEngine } from '../../support/engine.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const script = fileURLToPath(new URL('../../../../shared/checks/conformance.mjs', import.meta.url));

function run(url: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, url, '-q'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.once('exit', () => resolve(output));
  });
}

/** The outside checks come with the project's surroundings and not with a clone of it. */
const checks = it.runIf(existsSync(script));

checks('passes the outside conformance checks', { timeout: 240_000 }, async () => {
  const engine = await startEmbeddedTestEngine({ plainUsers: true });
  const output = await run(engine.url);
  await engine.stop();
  const failed = [...output.matchAll(/^FAIL (\w+)/gm)].map(([, id]) => id as string);
  expect(failed.filter((id) => /^[MI]/.test(id))).toEqual([]);
  const [, passed = '0'] = /: (\d+)\/218 pass/.exec(output) ?? [];
  expect(Number(passed)).toBeGreaterThanOrEqual(205);
});
