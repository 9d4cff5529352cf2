import { randomUUID } from 'node:crypto';
import { afterEach, expect } from 'vitest';
import type { SetteeOptions } from '../../client-sync/index.ts';
import type { TestSettee } from '../support/settee.ts';
import { openBrowser, type Browser } from './open-settee.ts';

export const patient = { timeout: 15_000, interval: 50 };
export const graph = { nodes: [], edges: [] };

/** A person at a browser, signed in. */
export interface Person {
  browser: Browser;
  userId: string;
  email: string;
  password: string;
}

/** Lets people meet in spaces of one server. */
export interface Meeting {
  join(options?: Partial<SetteeOptions>): Promise<Person>;
  /** A second browser of the same person. */
  again(person: Person, options?: Partial<SetteeOptions>): Promise<Person>;
  /** A team of the first person's, with the others in it; open in all their browsers. */
  team(owner: Person, ...members: [Person, 'owner' | 'editor' | 'viewer'][]): Promise<string>;
}

/** Browsers of several people, closed after each test. */
export function useMeeting(server: TestSettee): Meeting {
  const browsers: Browser[] = [];
  const open = async (options: Partial<SetteeOptions> = {}) => {
    const browser = await openBrowser(server.url, options);
    browsers.push(browser);
    return browser;
  };
  afterEach(async () => {
    await Promise.all(browsers.splice(0).map((browser) => browser.close()));
  });
  return {
    async join(options) {
      const browser = await open(options);
      const email = `${randomUUID()}@example.org`;
      const password = 'a sofa for everybody';
      const { user } = await browser.settee.account.register({ email, password });
      return { browser, userId: user.id, email, password };
    },
    async again(person, options) {
      const browser = await open(options);
      const { email, password } = person;
      await browser.settee.account.signIn({ email, password });
      return { ...person, browser };
    },
    async team(owner, ...members) {
      const { id } = await owner.browser.settee.spaces.create({ name: `Team ${randomUUID().slice(0, 4)}` });
      for (const [{ email, browser }, role] of members) {
        const { token } = await owner.browser.settee.spaces.invite(id, { email, role });
        await browser.settee.spaces.accept(token);
      }
      for (const { browser } of [owner, ...members.map(([person]) => person)]) await seesSpace(browser, id);
      return id;
    },
  };
}

export async function seesSpace({ settee }: Browser, spaceId: string): Promise<void> {
  await expect.poll(() => openSpaces({ settee }), patient).toContain(spaceId);
}

export async function seesNoSpace({ settee }: Browser, spaceId: string): Promise<void> {
  await expect.poll(() => openSpaces({ settee }), patient).not.toContain(spaceId);
}

export async function openSpaces({ settee }: Pick<Browser, 'settee'>): Promise<string[]> {
  return (await settee.spaces.list()).filter(({ isOpen }) => isOpen).map(({ id }) => id);
}

/** Names of flows, of one space or all. */
export async function names({ settee }: Browser, spaceId?: string): Promise<string[]> {
  const { flows } = await settee.flows.list({ sort: 'name', ...(spaceId === undefined ? {} : { spaceId }) });
  return flows.map(({ name }) => name);
}
