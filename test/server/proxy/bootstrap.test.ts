import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { monthOf, runsDatabase } from '../../../schema/index.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { useSettee } from '../../support/use-settee.ts';
import {
  localPouch,
  registerPersonal,
  remotePouch,
  spacesWithRole,
  startProxy,
  type PersonalAccount,
} from './personal-account.ts';
import { linesOf, type Leaf, type Line } from './bootstrap-lines.ts';

const settee = useSettee();

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
