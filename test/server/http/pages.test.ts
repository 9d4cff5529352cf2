import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rest } from '../../support/rest-client.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';

let directory: string;
let settee: TestSettee;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settee-pages-'));
  await mkdir(join(directory, 'assets'));
  await writeFile(join(directory, 'index.html'), '<title>The page</title>');
  await writeFile(join(directory, 'service-worker.js'), '1');
  await writeFile(join(directory, 'assets', 'index-abc.js'), '2');
  await writeFile(join(directory, '.secret'), 'hidden');
  settee = await startSettee({ pages: directory });
});
afterAll(async () => {
  await settee.stop();
  await rm(directory, { recursive: true, force: true });
});

const page = (path: string) =>
  rest(settee.url, `GET ${path}`, { headers: { accept: 'text/html,*/*;q=0.8' } });

it('serves the built application, which is asked for again unless its name has a hash', async () => {
  expect((await page('/')).body).toContain('The page');
  expect((await page('/')).headers.get('cache-control')).toBe('no-cache');
  expect((await page('/service-worker.js')).headers.get('cache-control')).toBe('no-cache');
  const asset = await page('/assets/index-abc.js');
  expect(asset.headers.get('cache-control')).toContain('immutable');
  expect(asset.headers.get('content-type')).toContain('javascript');
});

it('answers addresses within the application with its page, and all others as they are', async () => {
  expect((await page('/flows/some-flow')).body).toContain('The page');
  expect((await page('/api/nothing')).status).toBe(404);
  expect((await page('/health')).body).toMatchObject({ status: 'ok' });
  expect((await rest(settee.url, 'GET /flows/some-flow')).status).toBe(404);
  for (const hidden of ['/.secret', '/..%2f..%2fetc%2fpasswd', '/assets/..%2f.secret']) {
    expect(JSON.stringify((await page(hidden)).body)).not.toMatch(/hidden|root:/);
  }
});
