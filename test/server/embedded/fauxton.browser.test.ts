import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromiumPath } from '../../support/chromium.ts';
import { startEmbeddedTestEngine, testPassword, type TestEngine } from '../../support/engine.ts';
import { couchClient, databaseName } from './couch-client.ts';

let engine: TestEngine;
let browser: Browser;
let origin: string;
const db = databaseName();

beforeAll(async () => {
  engine = await startEmbeddedTestEngine();
  ({ origin } = new URL(engine.url));
  const call = couchClient(engine.url);
  await call('PUT', `/${db}`);
  await call('PUT', `/${db}/flow:1`, { type: 'flow', name: 'A flow to look at' });
  const views = { by_name: { map: 'function (doc) { emit(doc.name, 1); }', reduce: '_count' } };
  await call('PUT', `/${db}/_design/app`, { language: 'javascript', views });
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  args.push('--disable-background-networking', '--disable-component-update', '--disable-sync');
  browser = await chromium.launch({ executablePath: chromiumPath(), args });
});
afterAll(async () => {
  await browser.close();
  await engine.stop();
});

async function signIn(page: Page, password: string): Promise<void> {
  await page.goto(`${origin}/_utils`);
  await page.locator('#username').fill('admin');
  await page.locator('#password').fill(password);
  await page.locator('#password').press('Enter');
}

it('lets the administrator sign in, list databases, open a document and run a view in Fauxton', async () => {
  const page = await browser.newPage();
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(error.message));
  page.on('response', (response) => {
    if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`);
  });
  await signIn(page, testPassword);
  await page.getByText(db, { exact: true }).first().click();
  await page.getByText('flow:1').first().waitFor();
  await page.goto(`${origin}/_utils#/database/${db}/flow%3A1`);
  await page.getByText('A flow to look at').first().waitFor();
  await page.goto(`${origin}/_utils#/database/${db}/_design/app/_view/by_name`);
  await page.getByText('"key": "A flow to look at"').first().waitFor();
  // Each screen has asked the engine for what it shows; idleness of the network says nothing, because some poll.
  const screens = {
    activetasks: '/_active_tasks',
    _config: '/_membership',
    [`database/${db}/permissions`]: '/_security',
  };
  for (const [screen, asked] of Object.entries(screens)) {
    const answer = page.waitForResponse((response) => new URL(response.url()).pathname.endsWith(asked));
    await page.goto(`${origin}/_utils#/${screen}`);
    await (await answer).finished();
  }
  expect(failures).toEqual([]);
  await page.close();
});

it('shows nothing with a wrong password', async () => {
  const page = await browser.newPage();
  const refused = page.waitForResponse(
    (response) => response.url().endsWith('/_session') && response.status() === 401,
  );
  await signIn(page, 'wrong');
  await refused;
  expect(await page.getByText(db).count()).toBe(0);
  await page.close();
});

it('serves Fauxton’s own files from the root and no others', async () => {
  const call = couchClient(origin);
  expect((await call('GET', '/dashboard.assets/img/pouchdb-favicon.png')).status).toBe(200);
  for (const path of [
    '/package.json',
    '/_utils/../package.json',
    '/_utils/..%2fpackage.json',
    '/dashboard.assets/',
    '/dashboard.assets/js/..%2f..%2findex.html',
    '/index.html',
  ]) {
    expect([400, 401, 404], path).toContain((await call('GET', path)).status);
  }
});
