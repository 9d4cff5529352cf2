import { describe, expect, it } from 'vitest';
import { databaseName, type Json } from './couch-client.ts';
import { useEngine } from './use-engine.ts';

const { call } = useEngine({ adapter: 'leveldb' });

interface Row {
  id: string;
  changes: { rev: string }[];
  doc?: Json;
}
interface Found {
  id: string;
  docs: { ok?: Json; error?: Json }[];
}

const hashes = ['a', 'b', 'c'].map((letter) => letter.repeat(32));
const data = { content_type: 'text/plain', data: 'aGFsbG8=' };
/** Texts whose end or middle looks like what the engine adds, long and short, in several alphabets. */
const bodies: Record<string, object> = {
  plain: { n: 1 },
  'q"uo\\te': { x: 'ends with a comma,', y: ',"_id":"other","_rev":"1-a"}' },
  'Grüße 🛋 中': { text: 'ä🛋'.repeat(3000) },
  nested: { inner: { _id: 'other', _rev: '1-a' } },
  empty: {},
  names: { text: 'has "_attachments" in a text', '"_attachments"': 1 },
  attached: { _attachments: { 'a b.txt': data } },
  long: { nodes: Array.from({ length: 500 }, (_, n) => ({ n, label: `node ${n} \u2028` })) },
  [`long id ${'ü'.repeat(2000)}`]: { n: 2 },
};

/** Every body, three conflicts of one document, a deleted document and one that was written again. */
async function fill(): Promise<string> {
  const db = `/${databaseName()}`;
  await call('PUT', db);
  const docs = Object.entries(bodies).map(([_id, body]) => ({ _id, ...body }));
  await call('POST', `${db}/_bulk_docs`, { docs: [...docs, { _id: 'gone' }, { _id: 'again', n: 1 }] });
  const conflicts = hashes.map((hash) => ({
    _id: 'conflict',
    _rev: `2-${hash}`,
    _revisions: { start: 2, ids: [hash, 'd'.repeat(32)] },
    from: hash,
    ...(hash.startsWith('b') ? { _deleted: true } : {}),
  }));
  await call('POST', `${db}/_bulk_docs`, { docs: conflicts, new_edits: false });
  for (const [id, change] of [
    ['gone', { _deleted: true }],
    ['again', { n: 2 }],
  ] as const) {
    const { _rev } = (await call('GET', `${db}/${id}`)).json;
    await call('PUT', `${db}/${id}`, { _rev, ...change });
  }
  return db;
}

async function changes(db: string, query: string): Promise<{ rows: Row[]; last: unknown }> {
  const { json } = await call('GET', `${db}/_changes?${query}`);
  return { rows: json.results as unknown as Row[], last: json.last_seq };
}

describe('what is passed on as it is stored', () => {
  it('is what a reader of each revision gets', async () => {
    const db = await fill();
    const { rows } = await changes(db, 'style=all_docs');
    const docs = rows.flatMap(({ id, changes: leaves }) => leaves.map(({ rev }) => ({ id, rev })));
    expect(docs.length).toBe(Object.keys(bodies).length + 5);
    for (const query of ['', 'revs=true', 'revs=true&attachments=true', 'revs=true&latest=true']) {
      const { json } = await call('POST', `${db}/_bulk_get?${query}`, { docs });
      const found = json.results as unknown as Found[];
      expect(found.map(({ id }) => id)).toEqual(docs.map(({ id }) => id));
      for (const [index, { id, rev }] of docs.entries()) {
        const path = `${db}/${encodeURIComponent(id)}?rev=${rev}&${query}`;
        const one = await call('GET', path, undefined, { accept: 'application/json' });
        expect(found[index]?.docs).toEqual([{ ok: one.json }]);
      }
    }
  });

  it('answers for what is not there as before, and for the newest of a branch where that is wanted', async () => {
    const db = await fill();
    const { _rev: newest } = (await call('GET', `${db}/again`)).json;
    const { _revisions: tree } = (await call('GET', `${db}/again?revs=true`)).json;
    const docs = [
      { id: 'again', rev: `1-${tree.ids[1]}` },
      { id: 'plain', rev: `9-${hashes[0]}` },
      { id: 'nobody', rev: `1-${hashes[0]}` },
      { id: 'plain', rev: 'nonsense' },
      { rev: '1-a' },
    ];
    const ask = async (query: string) =>
      ((await call('POST', `${db}/_bulk_get?${query}`, { docs })).json.results as unknown as Found[]).map(
        (each) => each.docs.map(({ ok, error }) => ok?._rev ?? error?.error),
      );
    const missing = [['not_found'], ['not_found'], ['bad_request'], ['bad_request']];
    expect((await ask('latest=true')).slice(0, 1)).toEqual([[newest]]);
    expect((await ask('')).slice(1)).toEqual(missing);
  });

  it('lists the changes that a reader with documents is told of, in pages of any size', async () => {
    const db = await fill();
    for (const style of ['all_docs', 'main_only']) {
      const whole = await changes(db, `style=${style}&include_docs=true`);
      const expected = whole.rows.map((row) => ({ ...row, doc: undefined }));
      expect((await changes(db, `style=${style}`)).rows).toEqual(expected);
      const paged: Row[] = [];
      for (let since: unknown = 0; since !== whole.last;) {
        const page = await changes(db, `style=${style}&limit=2&since=${String(since)}`);
        paged.push(...page.rows);
        since = page.last;
      }
      expect(paged).toEqual(expected);
    }
  });
});
