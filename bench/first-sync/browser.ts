import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { chromiumPath } from '../../test/support/chromium.ts';
import type { FillOptions } from './fill.ts';

/** Fills a database in IndexedDB, on a page of the origin that it is to sync with; resolves to milliseconds. */
export type Fill = (origin: string, options: FillOptions) => Promise<number>;

const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'];

async function bundlePage(): Promise<string> {
  const output = await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('../..', import.meta.url)),
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      lib: {
        entry: fileURLToPath(new URL('page.ts', import.meta.url)),
        formats: ['iife'],
        name: 'firstSync',
      },
    },
  });
  const bundles = Array.isArray(output) ? output : [output];
  const chunks = bundles.flatMap((bundle) => ('output' in bundle ? bundle.output : []));
  return chunks.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('\n');
}

/** Each time a browser and a profile of its own, on the disk: nothing is cached, and private windows keep all in memory. */
export async function openFillingBrowser(): Promise<Fill> {
  const code = await bundlePage();
  return async (origin, options) => {
    const directory = await mkdtemp(join(tmpdir(), 'settee-first-sync-'));
    const context = await chromium.launchPersistentContext(directory, {
      executablePath: chromiumPath(),
      args: flags,
      bypassCSP: true,
    });
    try {
      const page = await context.newPage();
      await page.goto(`${origin}/health`);
      await page.addScriptTag({ content: code });
      return await page.evaluate((given) => window.fill(given), options);
    } finally {
      await context.close();
      await rm(directory, { recursive: true, force: true });
    }
  };
}
