import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patientFetch } from '../../client-sync/account/read-answer.ts';
import { bootstrapDatabase, type BootstrapOptions } from '../../client-sync/bootstrap/bootstrap.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch, PouchDocument } from '../../client-sync/pouch/pouch-types.ts';
import { openRemoteDatabase } from '../../client-sync/replication/remote-database.ts';
import { personalDatabase } from '../../schema/index.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import { startSettee, type TestAccount, type TestSettee } from '../support/settee.ts';
import { createRandom, type Random } from '../support/random.ts';

let server: TestSettee;

beforeAll(async () => {
  server = await startSettee();
});
afterAll(() => server?.stop());

/** Changes an answer's text on its way; returning null breaks the connection after what was given before. */
type Meddle = (text: string, answer: number) => { text: string; cut: boolean };

interface Device {
  local: Pouch;
  remote: Pouch;
  requests: string[];
  url: string;
  /** With what happens to the stream on the way. */
  bootstrap(options?: Partial<BootstrapOptions>, meddle?: Meddle): ReturnType<typeof bootstrapDatabase>;
}

async function openDevice(account: TestAccount): Promise<Device> {
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
const severalPages = 16_000;

/** Flows on the server, with branches, deletions and an attachment among them. */
async function filledAccount(
  count: number,
  size = 1500,
): Promise<{ account: TestAccount; docs: PouchDocument[] }> {
  const account = await server.register();
  const { remote } = await openDevice(account);
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
async function contentOf(db: Pouch): Promise<unknown> {
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
async function expectedContent(account: TestAccount): Promise<unknown> {
  const { local, remote } = await openDevice(account);
  await local.replicate.from(remote, {});
  return contentOf(local);
}

async function untilDone(attempt: () => ReturnType<typeof bootstrapDatabase>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const outcome = await attempt().catch(() => null);
    if (outcome === 'done') return;
  }
  throw new Error('It is never done.');
}

describe('the first sync of a database', () => {
  it('brings what replication brings, which then goes on without reading any of it again', async () => {
    const { account } = await filledAccount(300);
    const device = await openDevice(account);
    const arrived = new Set<string>();
    const progress: number[] = [];
    const outcome = await device.bootstrap({
      onArrival: (id, revision) => arrived.add(`${id}@${revision}`),
      onProgress: ({ documents, pending }) => progress.push(documents / pending),
    });
    expect(outcome).toBe('done');
    expect(await contentOf(device.local)).toEqual(await expectedContent(account));
    expect(arrived.size).toBeGreaterThan(300);
    expect(progress.at(-1)).toBeGreaterThan(1);
    expect(device.requests.filter((request) => request.includes('_bootstrap'))).toHaveLength(1);

    device.requests.length = 0;
    const pulled = await device.local.replicate.from(device.remote, {});
    expect(pulled).toMatchObject({ docs_read: 0, docs_written: 0 });
    const checkpoints = device.requests.filter((request) => request.startsWith('GET /_local/'));
    const changes = device.requests.filter((request) => /^GET \/_changes\?.*since=(?!0\b)/.test(request));
    expect(device.requests).toHaveLength(checkpoints.length + changes.length);

    device.requests.length = 0;
    expect(await device.bootstrap()).toBe('not-needed');
    expect(device.requests.filter((request) => !request.includes('_local/'))).toEqual([]);
  });

  it('goes on where it was cut, wherever that is', async () => {
    const { account } = await filledAccount(400, severalPages);
    const expected = await expectedContent(account);
    const random: Random = createRandom(7);
    const device = await openDevice(account);
    await untilDone(() =>
      device.bootstrap({}, (text, answer) => {
        if (answer > 12) return { text, cut: false };
        const end = random.integer(0, text.length - 1);
        return { text: text.slice(0, end), cut: random.chance(0.5) };
      }),
    );
    expect(await contentOf(device.local)).toEqual(expected);
    const since = device.requests.flatMap((request) => /_bootstrap\?since=(.*)/.exec(request)?.[1] ?? []);
    expect(since.filter((sequence) => sequence !== '0')).not.toEqual([]);
  });

  it('loses nothing where lines come twice, in another order, or not at all', async () => {
    const { account } = await filledAccount(400);
    const expected = await expectedContent(account);
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const device = await openDevice(account);
      const swap = (lines: string[]): string[] => {
        const at = random.integer(0, lines.length - 2);
        return lines.toSpliced(at, 2, lines[at + 1] as string, lines[at] as string);
      };
      const meddles: ((lines: string[]) => string[])[] = [
        swap,
        (lines) => lines.flatMap((line) => (random.chance(0.5) ? [line, line] : [line])),
        (lines) => lines.toSpliced(random.integer(0, lines.length - 1), 1),
        (lines) => swap(lines).slice(0, random.integer(1, lines.length)),
      ];
      await untilDone(() =>
        device.bootstrap({}, (text, answer) => {
          const lines = text.trimEnd().split('\n');
          const meddle = answer > 8 ? (same: string[]) => same : random.pick(meddles);
          return { text: `${meddle(lines).join('\n')}\n`, cut: random.chance(0.2) };
        }),
      );
      expect(await contentOf(device.local)).toEqual(expected);
    }
  });

  it('leaves a database that replication can finish when it is stopped in the middle', async () => {
    const { account } = await filledAccount(300, severalPages);
    const device = await openDevice(account);
    const stopping = new AbortController();
    const stopped = device.bootstrap({
      signal: stopping.signal,
      batchDocuments: 1,
      onProgress: ({ documents }) => {
        if (documents > 100) stopping.abort(new Error('closed'));
      },
    });
    await expect(stopped).rejects.toThrow('closed');
    const { doc_count: stored } = await device.local.info();
    expect(stored).toBeGreaterThan(0);
    const pulled = await device.local.replicate.from(device.remote, {});
    expect(pulled.docs_written).toBeLessThan(300 - stored / 2);
    expect(await contentOf(device.local)).toEqual(await expectedContent(account));
  });

  it('takes no checkpoint past a write that failed', async () => {
    const { account } = await filledAccount(300, severalPages);
    const device = await openDevice(account);
    const bulkDocs = device.local.bulkDocs.bind(device.local);
    let writes = 0;
    device.local.bulkDocs = (...args: Parameters<typeof bulkDocs>) => {
      writes += 1;
      return writes === 3 ? Promise.reject(new Error('disk full')) : bulkDocs(...args);
    };
    await expect(device.bootstrap()).rejects.toThrow('disk full');
    await device.local.replicate.from(device.remote, {});
    expect(await contentOf(device.local)).toEqual(await expectedContent(account));
  });

  it('brings what is written on the server meanwhile by the pull that follows', async () => {
    const { account, docs } = await filledAccount(300);
    const [device, other] = [await openDevice(account), await openDevice(account)];
    const [, , , ...rest] = docs;
    let edit: Promise<unknown> | undefined;
    await device.bootstrap({
      onProgress: () => {
        const ids = ['e'.repeat(32), '0'.repeat(32)];
        edit ??= other.remote.bulkDocs({
          docs: rest
            .slice(30)
            .map((doc) => ({ ...doc, name: 'edited', _rev: `2-${ids[0]}`, _revisions: { start: 2, ids } })),
        });
      },
    });
    await edit;
    await device.local.replicate.from(device.remote, {});
    expect(await contentOf(device.local)).toEqual(await expectedContent(account));
  });

  it('is left to replication where this device has nearly all of it', async () => {
    const { account } = await filledAccount(40);
    const device = await openDevice(account);
    const { local, remote } = await openDevice(account);
    await local.replicate.from(remote, {});
    await local.replicate.to(device.local, {});
    expect(await device.bootstrap()).toBe('not-needed');
    const pulled = await device.local.replicate.from(device.remote, {});
    expect(pulled.docs_read).toBe(0);
  });

  it('catches up with a database that is far behind, when it is told so', async () => {
    const { account } = await filledAccount(60);
    const device = await openDevice(account);
    expect(await device.bootstrap()).toBe('done');
    const { remote } = await openDevice(account);
    await remote.bulkDocs({
      docs: makeFlowDocuments({ seed: 9, count: 50, size: 1000 }).map(
        (doc) => ({ ...JSON.parse(JSON.stringify(doc)), _rev: `1-${'9'.repeat(32)}` }) as PouchDocument,
      ),
    });
    expect(await device.bootstrap()).toBe('not-needed');
    expect(await device.bootstrap({ farBehind: true })).toBe('done');
    expect(await contentOf(device.local)).toEqual(await expectedContent(account));
  });

  it('is unavailable where the server knows no such stream, as a CouchDB', async () => {
    const account = await server.register();
    const device = await openDevice(account);
    const engine = new URL(server.engineUrl);
    const database = device.url.slice(device.url.lastIndexOf('/'));
    const authorization = `Basic ${Buffer.from(`${engine.username}:${engine.password}`).toString('base64')}`;
    const outcome = await device.bootstrap({
      url: engine.origin + database,
      fetcher: (input, init = {}) => fetch(input, { ...init, headers: { authorization } }),
    });
    expect(outcome).toBe('unavailable');
    const down = device.bootstrap({ fetcher: () => Promise.reject(new TypeError('fetch failed')) });
    await expect(down).rejects.toThrow('fetch failed');
  });
});
