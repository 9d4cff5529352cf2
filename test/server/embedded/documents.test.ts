import { beforeEach, describe, expect, it } from 'vitest';
import { basic, databaseName } from './couch-client.ts';
import { useEngine } from './use-engine.ts';

const { call } = useEngine({ plainUsers: true });
let db: string;
const alice = { authorization: basic('alice', 'alicepw') };
const hash = (character: string): string => character.repeat(32);

beforeEach(async () => {
  db = `/${databaseName()}`;
  expect((await call('PUT', `${db}?q=1`)).status).toBe(201);
  await call('PUT', `${db}/_security`, { members: { names: ['alice'] } });
});

describe('documents', () => {
  it('answers 304 to a client that has the winning revision', async () => {
    const { json } = await call('PUT', `${db}/a`, { v: 1 });
    const etag = `"${json.rev}"`;
    expect((await call('GET', `${db}/a`)).headers.get('etag')).toBe(etag);
    expect((await call('GET', `${db}/a`, undefined, { 'if-none-match': etag })).status).toBe(304);
  });

  it('makes an un-delete a revision on top of the tombstone', async () => {
    const first = await call('PUT', `${db}/a`, { v: 1 });
    await call('DELETE', `${db}/a?rev=${first.json.rev}`);
    const again = await call('PUT', `${db}/a`, { v: 2 });
    expect(again.json.rev).toMatch(/^3-/);
    expect((await call('GET', `${db}/a?conflicts=true`)).json).toMatchObject({ v: 2, _rev: again.json.rev });
    const ancestor = { _id: 'a', _rev: first.json.rev, v: 1 };
    await call('POST', `${db}/_bulk_docs`, { new_edits: false, docs: [ancestor] });
    expect((await call('GET', `${db}/a?open_revs=all`)).json).toHaveLength(1);
  });

  it('keeps every leaf of a forced conflict and shows the winner', async () => {
    const docs = ['a', 'b'].map((c) => ({ _id: 'c', _rev: `1-${hash(c)}`, v: c }));
    await call('POST', `${db}/_bulk_docs`, { new_edits: false, docs });
    expect((await call('GET', `${db}/c?conflicts=true`)).json).toMatchObject({
      v: 'b',
      _conflicts: [`1-${hash('a')}`],
    });
  });

  it('keeps nested keys named __proto__', async () => {
    await call('PUT', `${db}/a`, '{"n":{"__proto__":{"x":1}}}');
    expect((await call('GET', `${db}/a`)).text).toContain('"__proto__":{"x":1}');
  });

  it('honours revs_limit', async () => {
    await call('PUT', `${db}/_revs_limit`, '3');
    let rev: unknown;
    for (let v = 0; v < 10; v += 1)
      rev = (await call('PUT', `${db}/a`, { v, ...(rev ? { _rev: rev } : {}) })).json.rev;
    const { json } = await call('GET', `${db}/a?revs=true`);
    expect(json).toMatchObject({ v: 9, _revisions: { start: 10 } });
    expect(json._revisions.ids).toHaveLength(3);
  });

  it('refuses one oversized document and stores the others', async () => {
    const docs = [{ _id: 'big', text: 'x'.repeat(9 * 1024 * 1024) }, { _id: 'small' }];
    const { status, json } = await call('POST', `${db}/_bulk_docs`, { docs });
    expect(status).toBe(201);
    expect(json[0]).toMatchObject({ id: 'big', error: 'document_too_large' });
    expect(json[1]).toMatchObject({ ok: true, id: 'small' });
  });

  it('finds oversized documents wherever the bytes are', async () => {
    const text = 'x'.repeat(9 * 1024 * 1024);
    expect((await call('PUT', `${db}/a`, { nested: { _attachments: text } })).status).toBe(413);
    expect((await call('PUT', `${db}/_local/a`, { text })).status).toBe(413);
  });

  it('refuses a request of more than 64 MB', async () => {
    const { status } = await call(
      'POST',
      `${db}/_bulk_docs`,
      `{"docs":[{"text":"${'x'.repeat(65 * 1024 * 1024)}"}]}`,
    );
    expect(status).toBe(413);
  });

  it.each([
    ['PUT', '/_design/x'],
    ['PUT', '/_design%2Fx'],
    ['PUT', '/%5Fdesign/x'],
    ['PUT', '/%5fdesign%2fx'],
    ['PUT', '/_design/x/file'],
    ['PUT', '/_local/_security'],
    ['PUT', '/_local%2F_security'],
    ['PUT', '/%5Flocal/%5Fsecurity'],
    ['PUT', '/_local/_pouch_dependentDbs'],
    ['PUT', '/_local/mrviews'],
    ['PUT', '/_security'],
    ['PUT', '/_revs_limit'],
    ['POST', '/_compact'],
    ['POST', '/_view_cleanup'],
    ['POST', '/_temp_view'],
    ['POST', '/_index'],
    ['PUT', '/x/../_design/y'],
  ])('refuses a member %s %s', async (method, path) => {
    const { status } = await call(method, db + path, {}, alice);
    expect([400, 401, 403, 404]).toContain(status);
    expect((await call('GET', `${db}/_design_docs`)).json.rows).toEqual([]);
  });

  it('refuses design documents and its own local documents in a member’s _bulk_docs, either way', async () => {
    const docs = [
      { _id: '_design/x', _rev: `1-${hash('a')}` },
      { _id: '_local/_security', security: {} },
    ];
    for (const newEdits of [true, false]) {
      const { json } = await call('POST', `${db}/_bulk_docs`, { docs, new_edits: newEdits }, alice);
      expect(json).toMatchObject([{ error: 'unauthorized' }, { error: 'forbidden' }]);
    }
    expect((await call('GET', `${db}/_security`)).json).toEqual({ members: { names: ['alice'] } });
    expect((await call('GET', `${db}/_local/_security`)).status).toBe(404);
  });

  it('caps the conflicts of one document', async () => {
    const docs = Array.from({ length: 5000 }, (_, i) => ({
      _id: 'fan',
      _rev: `1-${String(i).padStart(32, '0')}`,
    }));
    const { json } = await call('POST', `${db}/_bulk_docs`, { new_edits: false, docs });
    expect(json[0]).toMatchObject({ id: 'fan', error: 'forbidden' });
  });

  it('refuses attachments whose stub names nothing, and serves stored ones without scripts', async () => {
    const data = Buffer.from('<b>hi</b>').toString('base64');
    await call('PUT', `${db}/a`, { _attachments: { f: { content_type: 'text/html', data } } });
    const read = await call('GET', `${db}/a/f`);
    expect(read.text).toBe('<b>hi</b>');
    expect(read.headers.get('content-security-policy')).toBe('sandbox');
    expect(
      (await call('PUT', `${db}/b`, { _attachments: { f: { stub: true, digest: 'md5-x' } } })).status,
    ).toBe(412);
  });
});
