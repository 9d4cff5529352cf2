import { randomUUID } from 'node:crypto';
import { patientFetch } from '../../client-sync/account/read-answer.ts';
import { bootstrapDatabase, type BootstrapOptions } from '../../client-sync/bootstrap/bootstrap.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch, PouchDocument } from '../../client-sync/pouch/pouch-types.ts';
import { openRemoteDatabase } from '../../client-sync/replication/remote-database.ts';
import { personalDatabase } from '../../schema/index.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import type { TestAccount, TestSettee } from '../support/settee.ts';

/** Changes an answer's text on its way; returning null breaks the connection after what was given before. */
type Meddle = (text: string, answer: number) => { text: string; cut: boolean };

export interface Device {
  local: Pouch;
  remote: Pouch;
  requests: string[];
  url: string;
  /** With what happens to the stream on the way. */
  bootstrap(options?: Partial<BootstrapOptions>, meddle?: Meddle): ReturnType<typeof bootstrapDatabase>;
}

export async function openDevice(server: TestSettee, account: TestAccount): Promise<Device> {
  const opener = await createPouchOpener('memory');
  const url = `${server.url}/db/${personalDatabase(account.user.id, server.config.databasePrefix)}`;
  const requests: string[] = [];
  const fetcher: typeof fetch = (input, init = {}) => {
    const address = input instanceof Request ? input.url : String(input);
    requests.push(`${init.method ?? 'GET'} ${address.slice(url.length)}`);
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${account.accessToken}`);
    return fetch(input, { ...init, headers });
  };
  const local = opener.openLocal(`bootstrap-${randomUUID()}`);
  const nothing = async () => {};
  const remote = openRemoteDatabase({
    opener,
    url,
    fetcher: patientFetch(fetcher),
    onArrival: () => {},
    onRefused: nothing,
    onAccepted: nothing,
  });
  let answers = 0;
  return {
    local,
    remote,
    requests,
    url,
    bootstrap: (options = {}, meddle) =>
      bootstrapDatabase({
        local,
        remote,
        url,
        batchDocuments: 30,
        fetcher: async (input, init) => {
          const response = await fetcher(input, init);
          if (!meddle || !response.ok) return response;
          answers += 1;
          const { text, cut } = meddle(await response.text(), answers);
          return new Response(inParts(text, cut), { headers: response.headers });
        },
        ...options,
      }),
  };
}

function inParts(text: string, cut: boolean): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, (at += 10_000)));
      else if (cut) controller.error(new TypeError('network lost'));
      else controller.close();
    },
  });
}

/** A size of flows, in bytes, of which some hundred fill several pages of the stream. */
export const severalPages = 16_000;

/** Flows on the server, with branches, deletions and an attachment among them. */
export async function filledAccount(
  server: TestSettee,
  count: number,
  size = 1500,
): Promise<{ account: TestAccount; docs: PouchDocument[] }> {
  const account = await server.register();
  const { remote } = await openDevice(server, account);
  const docs = JSON.parse(JSON.stringify(makeFlowDocuments({ seed: count, count, size }))) as PouchDocument[];
  for (const doc of docs) doc._rev = `1-${'0'.repeat(32)}`;
  const next = (doc: PouchDocument, digit: string, fields: object) => ({
    ...doc,
    ...fields,
    _rev: `2-${digit.repeat(32)}`,
    _revisions: { start: 2, ids: [digit.repeat(32), '0'.repeat(32)] },
  });
  const branches = docs.slice(0, 9).flatMap((doc) => ['a', 'b'].map((name) => next(doc, name, { name })));
  const ends = docs
    .slice(5, 15)
    .map(({ _id }) => next({ _id }, 'c', { _deleted: true, type: 'flow' }) as PouchDocument);
  await remote.bulkDocs({ docs: [...docs, ...branches, ...ends] });
  const attached = docs[20] as PouchDocument;
  const data = Buffer.from('Grüße').toString('base64');
  await remote.bulkDocs({
    docs: [next(attached, 'd', { _attachments: { 'a.txt': { content_type: 'text/plain', data } } })],
  });
  return { account, docs };
}

/** Everything that a database holds: every leaf with its ancestry and attachments. */
export async function contentOf(db: Pouch): Promise<unknown> {
  const { results } = await db.changes({ style: 'all_docs', return_docs: true });
  const documents = results
    .filter(({ id }) => id.startsWith('flow:'))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(async ({ id }) => {
      const leaves = await db.get(id, { open_revs: 'all', revs: true, attachments: true });
      return leaves
        .flatMap((leaf) => ('ok' in leaf ? [leaf.ok] : []))
        .toSorted((a, b) => (String(a._rev) < String(b._rev) ? -1 : 1));
    });
  return Promise.all(documents);
}

/** What default replication brings. */
export async function expectedContent(server: TestSettee, account: TestAccount): Promise<unknown> {
  const { local, remote } = await openDevice(server, account);
  await local.replicate.from(remote, {});
  return contentOf(local);
}

export async function untilDone(attempt: () => ReturnType<typeof bootstrapDatabase>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const outcome = await attempt().catch(() => null);
    if (outcome === 'done') return;
  }
  throw new Error('It is never done.');
}
