import { describe, expect, it } from 'vitest';
import type { PouchDocument } from '../../client-sync/pouch/pouch-types.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import { useSettee } from '../support/use-settee.ts';
import { createRandom, type Random } from '../support/random.ts';
import {
  contentOf,
  expectedContent,
  filledAccount,
  openDevice,
  severalPages,
  untilDone,
} from './first-sync-device.ts';

const server = useSettee();

describe('the first sync of a database', () => {
  it('brings what replication brings, which then goes on without reading any of it again', async () => {
    const { account } = await filledAccount(server, 300);
    const device = await openDevice(server, account);
    const arrived = new Set<string>();
    const progress: number[] = [];
    const outcome = await device.bootstrap({
      onArrival: (id, revision) => arrived.add(`${id}@${revision}`),
      onProgress: ({ documents, pending }) => progress.push(documents / pending),
    });
    expect(outcome).toBe('done');
    expect(await contentOf(device.local)).toEqual(await expectedContent(server, account));
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

  it('goes on where it was cut, wherever that is', { timeout: 90_000 }, async () => {
    const { account } = await filledAccount(server, 400, severalPages);
    const expected = await expectedContent(server, account);
    const random: Random = createRandom(7);
    const device = await openDevice(server, account);
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
    const { account } = await filledAccount(server, 400);
    const expected = await expectedContent(server, account);
    for (const seed of [1, 2, 3]) {
      const random = createRandom(seed);
      const device = await openDevice(server, account);
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
    const { account } = await filledAccount(server, 300, severalPages);
    const device = await openDevice(server, account);
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
    expect(await contentOf(device.local)).toEqual(await expectedContent(server, account));
  });

  it('takes no checkpoint past a write that failed', async () => {
    const { account } = await filledAccount(server, 300, severalPages);
    const device = await openDevice(server, account);
    const bulkDocs = device.local.bulkDocs.bind(device.local);
    let writes = 0;
    device.local.bulkDocs = (...args: Parameters<typeof bulkDocs>) => {
      writes += 1;
      return writes === 3 ? Promise.reject(new Error('disk full')) : bulkDocs(...args);
    };
    await expect(device.bootstrap()).rejects.toThrow('disk full');
    await device.local.replicate.from(device.remote, {});
    expect(await contentOf(device.local)).toEqual(await expectedContent(server, account));
  });

  it('brings what is written on the server meanwhile by the pull that follows', async () => {
    const { account, docs } = await filledAccount(server, 300);
    const [device, other] = [await openDevice(server, account), await openDevice(server, account)];
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
    expect(await contentOf(device.local)).toEqual(await expectedContent(server, account));
  });

  it('is left to replication where this device has nearly all of it', async () => {
    const { account } = await filledAccount(server, 40);
    const device = await openDevice(server, account);
    const { local, remote } = await openDevice(server, account);
    await local.replicate.from(remote, {});
    await local.replicate.to(device.local, {});
    expect(await device.bootstrap()).toBe('not-needed');
    const pulled = await device.local.replicate.from(device.remote, {});
    expect(pulled.docs_read).toBe(0);
  });

  it('catches up with a database that is far behind, when it is told so', async () => {
    const { account } = await filledAccount(server, 60);
    const device = await openDevice(server, account);
    expect(await device.bootstrap()).toBe('done');
    const { remote } = await openDevice(server, account);
    await remote.bulkDocs({
      docs: makeFlowDocuments({ seed: 9, count: 50, size: 1000 }).map(
        (doc) => ({ ...JSON.parse(JSON.stringify(doc)), _rev: `1-${'9'.repeat(32)}` }) as PouchDocument,
      ),
    });
    expect(await device.bootstrap()).toBe('not-needed');
    expect(await device.bootstrap({ farBehind: true })).toBe('done');
    expect(await contentOf(device.local)).toEqual(await expectedContent(server, account));
  });

  it('is unavailable where the server knows no such stream, as a CouchDB', async () => {
    const account = await server.register();
    const device = await openDevice(server, account);
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
