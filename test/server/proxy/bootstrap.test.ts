import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { monthOf, runsDatabase } from '../../../schema/index.ts';
import type { ProxyOptions } from '../../../server/proxy/proxy.ts';
import type { RevocationListener } from '../../../server/spaces/revocations.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { useSettee } from '../../support/use-settee.ts';
import {
  eventually,
  localPouch,
  registerPersonal,
  remotePouch,
  spacesWithRole,
  startProxy,
  type PersonalAccount,
} from './personal-account.ts';
import { startScriptedEngine } from './scripted-engine.ts';

const settee = useSettee();

interface Leaf {
  _id: string;
  _rev: string;
  _deleted?: boolean;
  _revisions: { start: number; ids: string[] };
  [field: string]: unknown;
}

interface Line {
  docs?: Leaf[];
  seq: number | string;
  pending?: number;
  page?: number;
  done?: boolean;
}

function linesOf(text: string): Line[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function bootstrap(account: PersonalAccount, query = ''): Promise<Line[]> {
  const answer = await account.own(`/_bootstrap${query}`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  return linesOf(await answer.text());
}

const leavesOf = (lines: Line[]): Leaf[] => lines.flatMap(({ docs = [] }) => docs);
const byRevision = (leaves: Leaf[]): Leaf[] =>
  leaves.toSorted((a, b) => (`${a._id} ${a._rev}` < `${b._id} ${b._rev}` ? -1 : 1));

type AnyDocument = Parameters<PouchDB.Database['bulkDocs']>[0][number];
const plain = (value: unknown): AnyDocument => JSON.parse(JSON.stringify(value)) as AnyDocument;

/** Flows, one of them with a conflict, one deleted, one with an attachment. */
async function fill(account: PersonalAccount, count: number) {
  const remote = remotePouch(account.databaseUrl, () => account.accessToken);
  const docs = makeFlowDocuments({ seed: count, count, size: 3000 }).map(plain) as Leaf[];
  const written = await remote.bulkDocs(docs);
  const revs = written.map(({ rev = '' }) => rev);
  const [conflicted, deleted, attached] = docs as [Leaf, Leaf, Leaf];
  const hash = (rev = ''): string => rev.slice(rev.indexOf('-') + 1);
  const second = 'b'.repeat(32);
  await remote.bulkDocs(
    [
      plain({
        ...conflicted,
        name: 'Elsewhere',
        _rev: `2-${second}`,
        _revisions: { start: 2, ids: [second, hash(revs[0])] },
      }),
      plain({
        ...conflicted,
        name: 'Here',
        _rev: `2-${'c'.repeat(32)}`,
        _revisions: { start: 2, ids: ['c'.repeat(32), hash(revs[0])] },
      }),
    ],
    { new_edits: false },
  );
  await remote.put(plain({ _id: deleted._id, _rev: revs[1], _deleted: true }) as Leaf);
  await remote.putAttachment(attached._id, 'a b.txt', revs[2] ?? '', Buffer.from('Grüße'), 'text/plain');
  return { remote, docs, conflicted, deleted, attached };
}

describe('the bootstrap stream', () => {
  it('brings every leaf that ordinary replication brings, with its ancestry', async () => {
    const account = await registerPersonal(settee);
    const { remote, conflicted, deleted, attached } = await fill(account, 12);
    const lines = await bootstrap(account, '?limit=5');
    expect(Object.keys(lines[0] as Line).toSorted()).toEqual(['pending', 'seq']);
    const { page, seq } = lines.at(-2) as Line;
    expect(lines.at(-1)).toEqual({ done: true, page, seq });
    expect(lines.slice(1, -1).map((line) => line.page)).toEqual(lines.slice(1, -1).map((_, n) => n + 1));
    expect(lines.slice(1, -1).every(({ docs }) => Array.isArray(docs) && docs.length < 10)).toBe(true);

    const replicated = localPouch();
    const written = localPouch();
    await replicated.replicate.from(remote);
    await written.bulkDocs(leavesOf(lines).map(plain), { new_edits: false });
    for (const { id } of (await replicated.changes({ style: 'all_docs' })).results) {
      const options: PouchDB.Core.GetOpenRevisions & { attachments: boolean } = {
        open_revs: 'all',
        revs: true,
        attachments: true,
      };
      const leaves = async (db: PouchDB.Database): Promise<Leaf[]> =>
        byRevision((await db.get(id, options)).map((each) => (each as unknown as { ok: Leaf }).ok));
      expect(await leaves(written)).toEqual(await leaves(replicated));
    }
    const of = (id: string): Leaf[] => leavesOf(lines).filter(({ _id }) => _id === id);
    expect(of(conflicted._id).map(({ name }) => name)).toEqual(expect.arrayContaining(['Elsewhere', 'Here']));
    expect(of(deleted._id)).toMatchObject([{ _deleted: true, _revisions: { start: 2 } }]);
    expect(of(attached._id)).toMatchObject([
      { _attachments: { 'a b.txt': { data: Buffer.from('Grüße').toString('base64') } } },
    ]);
    await Promise.all([replicated.destroy(), written.destroy()]);
  });

  it('goes on from the sequence of any page, and from where ordinary replication stands', async () => {
    const account = await registerPersonal(settee);
    await fill(account, 20);
    const lines = await bootstrap(account, '?limit=6');
    const all = new Set(leavesOf(lines).map(({ _id, _rev }) => _id + _rev));
    for (const [index, { seq }] of lines.slice(1, -1).entries()) {
      const rest = await bootstrap(account, `?limit=7&since=${encodeURIComponent(seq)}`);
      const seen = [...leavesOf(lines.slice(0, index + 2)), ...leavesOf(rest)];
      expect(new Set(seen.map(({ _id, _rev }) => _id + _rev))).toEqual(all);
    }
    const { seq } = lines.at(-1) as Line;
    expect(leavesOf(await bootstrap(account, `?since=${encodeURIComponent(seq)}`))).toEqual([]);
    const changes = await account.own(`/_changes?style=all_docs&since=${encodeURIComponent(seq)}`);
    expect(((await changes.json()) as { results: unknown[] }).results).toEqual([]);
  });

  it('is compressed for those who take it, but not on the machine itself', async () => {
    const account = await registerPersonal(settee);
    await fill(account, 10);
    const { hostname, port, pathname } = new URL(account.databaseUrl);
    const forwarded = { 'x-forwarded-for': '192.0.2.7' };
    const ask = (
      encoding: string,
      more: Record<string, string> = forwarded,
    ): Promise<{ encoding: string | undefined; bytes: Buffer }> =>
      new Promise((resolve, reject) => {
        httpRequest(
          {
            host: hostname,
            port,
            path: `${pathname}/_bootstrap`,
            headers: { authorization: `Bearer ${account.accessToken}`, 'accept-encoding': encoding, ...more },
          },
          (answer) => {
            const chunks: Uint8Array[] = [];
            answer.on('data', (chunk: Uint8Array) => chunks.push(chunk));
            answer.on('end', () =>
              resolve({ encoding: answer.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
            );
          },
        )
          .on('error', reject)
          .end();
      });
    const whole = await ask('identity');
    for (const header of ['gzip', 'br, gzip;q=0.8', '*']) {
      const packed = await ask(header);
      expect(packed.encoding).toBe('gzip');
      expect(packed.bytes.length).toBeLessThan(whole.bytes.length / 2);
      expect(linesOf(gunzipSync(new Uint8Array(packed.bytes)).toString())).toEqual(
        linesOf(whole.bytes.toString()),
      );
    }
    for (const header of ['br', 'gzip;q=0', 'gzip; q=0.000, br']) {
      expect((await ask(header)).encoding).toBeUndefined();
    }
    expect((await ask('gzip', {})).encoding).toBeUndefined();
  });

  it('leaves assets out, and tells of their deletion', async () => {
    const account = await registerPersonal(settee);
    const remote = remotePouch(account.databaseUrl, () => account.accessToken);
    const assets = ['one', 'two'].map((text) => ({
      _id: `asset:${createHash('sha256').update(text).digest('hex')}`,
      type: 'asset',
      schemaVersion: 1,
      contentType: 'text/plain',
      bytes: text.length,
      _attachments: { data: { content_type: 'text/plain', data: Buffer.from(text).toString('base64') } },
    }));
    const [, gone] = await remote.bulkDocs(assets.map(plain));
    await remote.put(plain({ _id: gone?.id, _rev: gone?.rev, _deleted: true }) as Leaf);
    const leaves = leavesOf(await bootstrap(account)).filter(({ _id }) => _id.startsWith('asset:'));
    expect(leaves.map(({ _id, _deleted }) => [_id, _deleted])).toEqual([[assets[1]?._id, true]]);
  });

  it('makes the month that is asked for, as _changes does', async () => {
    const account = await registerPersonal(settee);
    const month = runsDatabase(account.database, monthOf(new Date()));
    const answer = await account.ask(`/${month}/_bootstrap`);
    expect(answer.status).toBe(200);
    expect(linesOf(await answer.text()).at(-1)).toMatchObject({ done: true });
  });

  it('is for members, viewers among them, and for nobody else', async () => {
    const [account, other] = [await registerPersonal(settee), await registerPersonal(settee)];
    const over = await startProxy(settee, { spaces: spacesWithRole(settee, 'viewer') });
    const viewer = await fetch(`${over.url}/${account.database}/_bootstrap`, {
      headers: { authorization: `Bearer ${account.accessToken}` },
    });
    expect(viewer.status).toBe(200);
    await viewer.text();
    await over.stop();
    expect((await other.ask(`/${account.database}/_bootstrap`)).status).toBe(404);
    expect((await account.own('/_bootstrap', { token: 'none' })).status).toBe(401);
    expect((await account.own('/_bootstrap', { method: 'POST', json: {} })).status).toBe(405);
    for (const query of ['?since=0&since=1', '?limit=all', '?style=all_docs']) {
      expect((await account.own(`/_bootstrap${query}`)).status).toBe(400);
    }
  });
});

describe('a bootstrap stream that ends early', () => {
  /** An engine whose second answer with documents never ends. */
  async function startStalling(changes: Partial<ProxyOptions> = {}) {
    let answers = 0;
    const docs = (from: number): object[] =>
      Array.from({ length: 50 }, (_, n) => {
        const _id = `flow:${from + n}`;
        return { id: _id, docs: [{ ok: { _id, _rev: '1-a', _revisions: { start: 1, ids: ['a'] } } }] };
      });
    const engine = await startScriptedEngine((request, response) => {
      const url = request.url ?? '';
      const reply = (value: unknown): void => void response.end(JSON.stringify(value));
      if (url.includes('_changes')) {
        const from = Number(new URL(url, 'http://engine').searchParams.get('since'));
        const results = Array.from({ length: 50 }, (_, n) => ({
          seq: from + n + 1,
          id: `flow:${from + n}`,
          changes: [{ rev: '1-a' }],
        }));
        return reply({ results, last_seq: from + 50, pending: 1000 });
      }
      if (!url.includes('_bulk_get')) return reply({ update_seq: 1050 });
      answers += 1;
      if (answers === 1) return reply({ results: docs(0) });
      const text = JSON.stringify({ results: docs(50) });
      response.write(text.slice(0, text.length / 2));
    });
    const couch = { ...settee.services.couch, origin: engine.origin };
    const over = await startProxy(settee, { couch, ...changes });
    const account = await registerPersonal(settee, over.url);
    return {
      over,
      engine,
      account,
      async stop() {
        await over.stop();
        await engine.close();
      },
    };
  }

  /** Reads until the first page has come, then calls `then`, then reads what is left. */
  async function readAround(
    account: PersonalAccount,
    then: () => void,
  ): Promise<{ text: string; cut: boolean }> {
    const answer = await account.own('/_bootstrap?limit=50');
    const decoder = new TextDecoder();
    let text = '';
    let isAsked = false;
    try {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        text += decoder.decode(chunk, { stream: true });
        if (!isAsked && text.includes('"page":1,')) {
          isAsked = true;
          then();
        }
      }
    } catch {
      return { text, cut: true };
    }
    return { text, cut: false };
  }

  it('breaks off where the membership ends', async () => {
    let revoke: RevocationListener = () => {};
    const { spaces } = settee.services;
    const stalling = await startStalling({
      spaces: {
        ...spaces,
        onRevoked(listener) {
          revoke = listener;
          return () => {};
        },
      },
    });
    const { account } = stalling;
    const userId = account.user.id;
    const read = await readAround(
      account,
      () => void revoke({ spaceId: userId, userId, database: account.database, end: 'membership_ended' }),
    );
    expect(read.cut).toBe(true);
    expect(read.text).not.toContain('done');
    await stalling.stop();
  });

  it('ends without its last line where the token expires, and the pages before are whole', async () => {
    const { auth } = settee.services;
    const stalling = await startStalling({
      limits: { expiryGraceMilliseconds: 0 },
      auth: {
        ...auth,
        authenticate: async (authorization) => ({
          ...(await auth.authenticate(authorization)),
          expiresAt: Date.now() / 1000 + 1,
        }),
      },
    });
    const read = await readAround(stalling.account, () => {});
    expect(read.cut).toBe(false);
    const whole = read.text.slice(0, read.text.lastIndexOf('\n') + 1);
    expect(linesOf(whole)).toMatchObject([{ pending: 1050 }, { page: 1 }]);
    await stalling.stop();
  });

  it('ends at once when the server stops', async () => {
    const stalling = await startStalling();
    let stopped: Promise<void> = Promise.resolve();
    const read = await readAround(stalling.account, () => {
      stopped = stalling.over.proxy.close({ waitMilliseconds: 60_000 });
    });
    await stopped;
    expect(read.text).toContain('"page":1,');
    await stalling.stop();
  });

  it('breaks off where the engine does, and is counted no more', async () => {
    const stalling = await startStalling({ limits: { requestsPerUser: 1 } });
    const read = await readAround(stalling.account, () => void stalling.engine.close());
    expect(read.cut).toBe(true);
    await eventually(async () => expect((await stalling.account.own('')).status).toBe(503), 3000);
    await stalling.over.stop();
  });
});
