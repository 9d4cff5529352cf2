import { beforeEach, describe, expect, it } from 'vitest';
import { basic } from './couch-client.ts';
import { useEngine } from './use-engine.ts';

const { call, newDatabase } = useEngine({ plainUsers: true });
let db: string;
const hash = (character: string): string => character.repeat(32);

beforeEach(async () => {
  db = await newDatabase();
});

const validator = (source: string): Promise<unknown> =>
  call('PUT', `${db}/_design/v`, { validate_doc_update: source }).then(({ status }) =>
    expect(status).toBe(201),
  );

describe('validate_doc_update', () => {
  it('gets the user with the database and the whole security object', async () => {
    const security = { members: { names: ['alice'], roles: ['space:1'] }, note: 'kept' };
    await call('PUT', `${db}/_security`, security);
    await validator('function (n, o, u, s) { throw({ forbidden: toJSON([u, s]) }); }');
    const { status, json } = await call('PUT', `${db}/a`, {}, { authorization: basic('alice', 'alicepw') });
    expect(status).toBe(403);
    expect(JSON.parse(json.reason)).toEqual([{ db: db.slice(1), name: 'alice', roles: [] }, security]);
  });

  it('judges replicated documents too, each by itself, in their order', async () => {
    await validator('function (n) { if (!n.type) throw({ forbidden: "type" }); }');
    const docs = [
      { _id: 'z', type: 'x', _rev: `1-${hash('a')}` },
      { _id: 'm', _rev: `1-${hash('a')}` },
      { _id: 'a', type: 'x', _rev: `1-${hash('a')}` },
    ];
    const pushed = await call('POST', `${db}/_bulk_docs`, { new_edits: false, docs });
    expect(pushed.json).toEqual([{ id: 'm', rev: `1-${hash('a')}`, error: 'forbidden', reason: 'type' }]);
    const written = await call('POST', `${db}/_bulk_docs`, {
      docs: [{ _id: 'q', type: 'x' }, { _id: 'b' }, { _id: 'a' }],
    });
    expect(written.json).toMatchObject([
      { ok: true, id: 'q' },
      { id: 'b', error: 'forbidden' },
      { id: 'a', error: 'forbidden' },
    ]);
  });

  it('gives the nearest stored ancestor as oldDoc, and none to a forged branch', async () => {
    await validator('function (n, o) { if (n.v > 1) throw({ forbidden: toJSON(o && o.v) }); }');
    await call('POST', `${db}/_bulk_docs`, {
      new_edits: false,
      docs: [{ _id: 'a', _rev: `1-${hash('a')}`, v: 1 }],
    });
    const next = {
      _id: 'a',
      _rev: `3-${hash('c')}`,
      _revisions: { start: 3, ids: [hash('c'), hash('b'), hash('a')] },
      v: 2,
    };
    const forged = { _id: 'a', _rev: `9-${hash('f')}`, v: 2 };
    const { json } = await call('POST', `${db}/_bulk_docs`, { new_edits: false, docs: [next, forged] });
    expect([json[0]?.reason, json[1]?.reason]).toEqual(['1', 'null']);
  });

  it('stores pushed edits of existing documents', async () => {
    await validator('function () {}');
    const revision = (hashes: string[], v: number) => ({
      _id: 'a',
      v,
      _rev: `${hashes.length}-${hashes[0]}`,
      _revisions: { start: hashes.length, ids: hashes },
    });
    for (const doc of [revision([hash('a')], 1), revision([hash('b'), hash('a')], 2)]) {
      await call('POST', `${db}/_bulk_docs`, { new_edits: false, docs: [doc] });
    }
    expect((await call('GET', `${db}/a?conflicts=true`)).json).toEqual({
      _id: 'a',
      _rev: `2-${hash('b')}`,
      v: 2,
    });
  });

  it('stops a function that does not end, refuses its document and lives on', async () => {
    await validator('function (n) { while (n.loop) {} }');
    const docs = [{ _id: 'a' }, { _id: 'b', loop: true }, { _id: 'c' }];
    const { json } = await call('POST', `${db}/_bulk_docs`, { docs });
    expect(json).toMatchObject([
      { ok: true },
      { id: 'b', error: 'forbidden' },
      { id: 'c', error: 'forbidden' },
    ]);
    expect((await call('PUT', `${db}/d`, {})).status).toBe(201);
  });

  it('has no way out to the process', async () => {
    await validator(
      'function (n) { var p = "none"; try { p = n.constructor.constructor("return process")().pid; } catch (e) { p = "blocked"; } throw({ forbidden: p + typeof process }); }',
    );
    expect((await call('PUT', `${db}/a`, {})).json.reason).toBe('blockedundefined');
  });

  it('refuses a design document that does not compile', async () => {
    const { status, json } = await call('PUT', `${db}/_design/v`, { validate_doc_update: 'function (n {' });
    expect([status, json.error]).toEqual([400, 'compilation_error']);
  });

  it('serves views through require, and counts anew after a write', async () => {
    const views = {
      lib: { k: 'exports.k = function (d) { return d.n * 10; };' },
      by_n: { map: 'function (d) { if (d.n) emit(require("views/lib/k").k(d), d.n); }', reduce: '_stats' },
      broken: { map: 'function (d) { if (d.n === 1) throw new Error("x"); emit(d.n); }' },
      endless: { map: 'function (d) { while (true) {} }' },
    };
    await call('PUT', `${db}/_design/v`, { views });
    await call('POST', `${db}/_bulk_docs`, { docs: [{ n: 1 }, { n: 2 }] });
    const ask = (view: string) => call('GET', `${db}/_design/v/_view/${view}`);
    expect((await ask('by_n')).json.rows?.[0]?.value).toEqual({
      sum: 3,
      count: 2,
      min: 1,
      max: 2,
      sumsqr: 5,
    });
    await call('POST', db, { n: 3 });
    expect((await ask('by_n')).json.rows?.[0]?.value).toMatchObject({ sum: 6, count: 3 });
    expect((await ask('broken')).json.rows).toHaveLength(2);
    expect((await ask('endless')).json.rows).toEqual([]);
  });
});
