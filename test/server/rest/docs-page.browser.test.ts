import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chromiumPath } from '../../support/chromium.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';

let settee: TestSettee;
let browser: Browser;

beforeAll(async () => {
  settee = await startSettee();
  browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
});
afterAll(async () => {
  await browser.close();
  await settee.stop();
});

it('shows the calls in a browser under the security headers, asking no other host', async () => {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(settee.url) && !/^(?:data|blob):/.test(url)) problems.push(url);
  });
  await page.goto(`${settee.url}/api/docs`);
  await page.waitForSelector('.opblock-summary-path');
  expect(await page.locator('.opblock').count()).toBeGreaterThan(40);
  await page.locator('.opblock-summary-path', { hasText: '/api/sync/flows' }).first().click();
  await page.waitForSelector('.opblock.is-open .opblock-body');
  expect(problems).toEqual([]);
});
