import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { build, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

/** What `npm create vite` writes for TypeScript, without its demo. */
const projectFiles: Record<string, string> = {
  'package.json': JSON.stringify({ name: 'fresh', private: true, version: '0.0.0', type: 'module' }),
  'index.html': '<!doctype html><html><body><script type="module" src="/src/main.ts"></script></body></html>',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'ES2022',
      module: 'ESNext',
      lib: ['ES2022', 'DOM', 'DOM.Iterable'],
      types: [],
      skipLibCheck: true,
      moduleResolution: 'bundler',
      allowImportingTsExtensions: true,
      verbatimModuleSyntax: true,
      moduleDetection: 'force',
      noEmit: true,
      strict: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      erasableSyntaxOnly: true,
      noFallthroughCasesInSwitch: true,
    },
    include: ['src'],
  }),
  'src/main.ts': `
import { createSettee, SetteeClientError, type Flow, type Settee, type SyncStatus } from 'settee/client-sync';

const settee: Settee = await createSettee({ url: location.origin });
const shown: SyncStatus = settee.status.get();
const saved: Flow = await settee.flows.save({ name: 'fresh', flow: { nodes: [], edges: [] } });
const { flows, total } = await settee.flows.list({ search: 'fresh', limit: 1 });
const refused = await settee.flows.save({ name: '', flow: saved.flow }).catch((error: unknown) => error);
const code = refused instanceof SetteeClientError ? refused.code : 'none';
Object.assign(window, { result: { state: shown.state, name: flows[0]?.name, total, code } });
`,
};

async function makeProject(): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'settee-vite-'));
  await mkdir(join(project, 'src'));
  for (const [name, text] of Object.entries(projectFiles)) await writeFile(join(project, name), text);
  // As the published package would lie there, with its dependencies below it.
  const installed = join(project, 'node_modules', 'settee');
  await mkdir(installed, { recursive: true });
  await cp(join(root, 'package.json'), join(installed, 'package.json'));
  for (const folder of ['client-sync', 'flow', 'schema']) {
    await cp(join(root, 'dist', folder), join(installed, 'dist', folder), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(installed, 'node_modules'));
  return project;
}

describe('a fresh Vite project', () => {
  let project: string;
  beforeAll(async () => {
    await run(bin('tsc'), ['-b', 'client-sync'], { cwd: root });
    project = await makeProject();
  }, 120_000);
  afterAll(() => rm(project, { recursive: true, force: true }));

  it('finds the types without settings', async () => {
    await expect(run(bin('tsc'), ['-p', project])).resolves.toMatchObject({ stdout: '' });
  });

  it('builds, and the result works in a browser', async () => {
    const warnings: string[] = [];
    await build({
      root: project,
      configFile: false,
      logLevel: 'silent',
      build: { rolldownOptions: { onwarn: (warning) => void warnings.push(warning.message ?? '') } },
    });
    expect(warnings).toEqual([]);
    const assets = join(project, 'dist', 'assets');
    const code = await Promise.all((await readdir(assets)).map((name) => readFile(join(assets, name))));
    const gzip = code.reduce((sum, bytes) => sum + gzipSync(new Uint8Array(bytes)).length, 0);
    console.log(`client-sync in a fresh Vite project: ${(gzip / 1000).toFixed(1)} kB gzip`);
    expect(gzip).toBeLessThan(95_000);

    const server = await preview({
      root: project,
      configFile: false,
      logLevel: 'silent',
      preview: { port: 0 },
    });
    const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      await page.goto(server.resolvedUrls?.local[0] as string);
      await page.waitForFunction(() => 'result' in window);
      expect(await page.evaluate(() => Reflect.get(window, 'result') as unknown)).toEqual({
        state: 'local-only',
        name: 'fresh',
        total: 1,
        code: 'invalid_input',
      });
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
