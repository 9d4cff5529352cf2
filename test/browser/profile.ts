import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import type { Settee } from '../../client-sync/index.ts';
import { chromiumPath } from '../support/chromium.ts';
import { createLink, type Link } from './link.ts';

declare global {
  interface Window {
    settee: Settee;
  }
}

/** One person's browser: a Chromium with a profile directory and a network of its own. */
export interface Profile {
  context: BrowserContext;
  page: Page;
  link: Link;
  /** Opens one more tab on the first page. */
  openTab(): Promise<Page>;
  close(): Promise<void>;
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openProfile(serverUrl: string): Promise<Profile> {
  const directory = await mkdtemp(join(tmpdir(), 'settee-profile-'));
  const link = await createLink(serverUrl);
  const context = await chromium.launchPersistentContext(directory, {
    executablePath: chromiumPath(),
    headless: true,
    args: flags,
  });
  const openTab = async () => {
    const page = await context.newPage();
    page.on('pageerror', (cause) => console.error('In the page:', cause));
    await page.goto(link.url);
    await page.waitForFunction(() => 'settee' in window);
    return page;
  };
  return {
    context,
    page: await openTab(),
    link,
    openTab,
    async close() {
      await context.close();
      await link.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function signUp(page: Page, email: string, password: string): Promise<void> {
  await fillAccount(page, email, password);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await fillAccount(page, email, password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

async function fillAccount(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
}

/** Waits until the sync indicator shows the state. */
export async function waitForSync(page: Page, state: string, timeout = 60_000): Promise<void> {
  await page.locator(`[aria-label="Sync"][data-state="${state}"]`).waitFor({ timeout });
}

/** What the person's flows are, by id, as this browser holds them. */
export function flowsOf(page: Page): Promise<Record<string, Record<string, unknown>>> {
  return page.evaluate(async () => {
    const { flows } = await window.settee.flows.list({ limit: 10_000 });
    return Object.fromEntries(flows.map((flow) => [flow.id, { ...flow }]));
  });
}
