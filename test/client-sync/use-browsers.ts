import { randomUUID } from 'node:crypto';
import { afterEach } from 'vitest';
import type { SetteeOptions } from '../../client-sync/index.ts';
import type { StartSetteeOptions, TestSettee } from '../support/settee.ts';
import { useSettee } from '../support/use-settee.ts';
import { openBrowser, type Browser } from './open-settee.ts';

export const password = 'a sofa for two';
export const graph = { nodes: [], edges: [] };
export const patient = { timeout: 20_000, interval: 50 };

/** A server, and browsers at it that are closed after each test. */
export interface Browsers {
  server: TestSettee;
  open: (options?: Partial<SetteeOptions>) => Promise<Browser>;
  /** Two browsers signed in as the same new person, and the person's address. */
  openPair: (...options: Partial<SetteeOptions>[]) => Promise<[Browser, Browser, string]>;
}

export const newEmail = (): string => `${randomUUID()}@example.org`;

/** Starts the server before the tests, and sees to it that nothing of it stays. */
export function useBrowsers(options: StartSetteeOptions = {}): Browsers {
  const server = useSettee(options);
  const browsers: Browser[] = [];
  afterEach(async () => {
    await Promise.all(browsers.splice(0).map((browser) => browser.close()));
  });
  const open = async (given?: Partial<SetteeOptions>): Promise<Browser> => {
    const browser = await openBrowser(server.url, given);
    browsers.push(browser);
    return browser;
  };
  return {
    server,
    open,
    async openPair(first, second) {
      const email = newEmail();
      const [a, b] = [await open(first), await open(second)];
      await a.settee.account.register({ email, password });
      await b.settee.account.signIn({ email, password });
      return [a, b, email];
    },
  };
}
