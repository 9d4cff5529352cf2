import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';

/** What a page with a plain PouchDB has. */
interface PlainSync {
  errors: string[];
  denied: string[];
  names: () => Promise<Record<string, unknown>>;
  change: (id: string) => Promise<void>;
}

declare global {
  interface Window {
    plain: PlainSync;
    PouchDB: PouchDB.Static;
  }
}

/** What PouchDB tells of a document that was refused; its types say less. */
interface Denial {
  doc: { reason?: string };
}

/** Begins a plain PouchDB, with default options, that syncs the space live: all it has is a bearer token. */
export async function startPlainPouch(
  page: Page,
  account: { email: string; password: string },
  spaceId: string,
): Promise<void> {
  await page.evaluate(await readFile('node_modules/pouchdb/dist/pouchdb.min.js', 'utf8'));
  await page.evaluate(
    async ({ credentials, id }) => {
      const json = (path: string, init: RequestInit = {}) =>
        fetch(path, init).then((answer) => answer.json());
      const { accessToken } = await json('/api/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(credentials),
      });
      const headers = { authorization: `Bearer ${accessToken}` };
      const { spaces } = await json('/api/spaces', { headers });
      const url = spaces.find((space: { id: string }) => space.id === id).url as string;
      const { PouchDB: Pouch } = window;
      const local = new Pouch<{ name: string }>('plain');
      const remote = new Pouch<{ name: string }>(
        new URL(new URL(url).pathname, window.location.origin).href,
        {
          fetch: (input, init = {}) => {
            const all = new Headers(init.headers);
            all.set('authorization', headers.authorization);
            return Pouch.fetch(input, { ...init, headers: all });
          },
        },
      );
      const errors: string[] = [];
      const denied: string[] = [];
      const sync = local
        .sync(remote, { live: true, retry: true })
        .on('error', (error) => errors.push(JSON.stringify(error)))
        .on('denied', (denial) => denied.push(String((denial as Denial).doc.reason)));
      // What went wrong stands in `errors`.
      sync.catch(() => {});
      window.plain = {
        errors,
        denied,
        names: async () => {
          const { rows } = await local.allDocs({
            include_docs: true,
            startkey: 'flow:',
            endkey: 'flow:\uffff',
          });
          return Object.fromEntries(rows.map((row) => [row.id.slice(5), row.doc?.name]));
        },
        change: async (flowId) => {
          const doc = await local.get(`flow:${flowId}`);
          await local.put({ ...doc, name: 'a viewer was here' });
        },
      };
    },
    { credentials: account, id: spaceId },
  );
}
