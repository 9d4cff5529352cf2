import { createHash } from 'node:crypto';
import PouchDB from 'pouchdb-core';
import http from 'pouchdb-adapter-http';
import memory from 'pouchdb-adapter-memory';
import replication from 'pouchdb-replication';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEmbeddedTestEngine, type TestEngine } from '../../support/engine.ts';
import { couchClient, databaseName, type CouchClient } from './couch-client.ts';

PouchDB.plugin(memory).plugin(http);
// It cannot be added twice, and another file of this worker may have done so.
if (!('replicate' in PouchDB.prototype)) PouchDB.plugin(replication);
let engine: TestEngine;
let call: CouchClient;

beforeAll(async () => {
  engine = await startEmbeddedTestEngine();
  call = couchClient(engine.url);
});
afterAll(() => engine.stop());

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** A seeded generator (mulberry32), so that a failing tree can be made again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Revisions of one document that branch at random, some of them deletions, in random order with repeats. */
function randomTree(seed: number): object[] {
  const next = random(seed);
  const branches: string[][] = [[md5(`${seed}`)]];
  for (let step = 0; step < 12; step += 1) {
    const from = branches[Math.floor(next() * branches.length)] as string[];
    branches.push([md5(`${seed} ${step}`), ...from]);
  }
  const docs = branches.map((ids) => ({
    _id: `doc-${seed}`,
    _rev: `${ids.length}-${ids[0] as string}`,
    _revisions: { start: ids.length, ids },
    ...(next() < 0.25 ? { _deleted: true } : {}),
    v: ids[0],
  }));
  const shuffled = [...docs, ...docs.slice(0, 3)].map((doc) => ({ doc, place: next() }));
  shuffled.sort((a, b) => a.place - b.place);
  return shuffled.map(({ doc }) => doc);
}

/** CouchDB's order of leaves; PouchDB's is that of the tree. */
function newestFirst(a: string, b: string): number {
  return Number.parseInt(b, 10) - Number.parseInt(a, 10) || (a < b ? 1 : -1);
}

it('grows the same revision trees as PouchDB, behind a validator', async () => {
  const db = `/${databaseName()}`;
  await call('PUT', db);
  await call('PUT', `${db}/_design/v`, { validate_doc_update: 'function () {}' });
  const reference = new PouchDB(databaseName(), { adapter: 'memory' });
  for (let seed = 0; seed < 40; seed += 1) {
    const docs = randomTree(seed);
    for (let start = 0; start < docs.length; start += 5) {
      const part = docs.slice(start, start + 5);
      await call('POST', `${db}/_bulk_docs`, { docs: part, new_edits: false });
      await reference.bulkDocs(structuredClone(part), { new_edits: false });
    }
    const leavesOf = (answer: unknown): string[] => {
      const leaves = (answer as { ok: object }[]).map(({ ok }) =>
        JSON.stringify(ok, ['_rev', '_deleted', '_revisions', 'start', 'ids', 'v']),
      );
      leaves.sort();
      return leaves;
    };
    const ours = (await call('GET', `${db}/doc-${seed}?open_revs=all&revs=true`)).json;
    const theirs = await reference.get(`doc-${seed}`, { open_revs: 'all', revs: true });
    expect(leavesOf(ours), `seed ${seed}`).toEqual(leavesOf(theirs));
    const winner = await call('GET', `${db}/doc-${seed}?conflicts=true`);
    const expected = await reference.get(`doc-${seed}`, { conflicts: true }).catch(() => null);
    expected?._conflicts?.sort(newestFirst);
    expect([winner.json._rev, winner.json._conflicts], `seed ${seed}`).toEqual([
      expected?._rev,
      expected?._conflicts,
    ]);
  }
  await reference.destroy();
});

it('takes a push of 100 flows of 100 kB from a default PouchDB, with one document too large among them', async () => {
  const name = databaseName();
  await call('PUT', `/${name}`);
  const local = new PouchDB(databaseName(), { adapter: 'memory' });
  await local.bulkDocs(
    Array.from({ length: 100 }, (_, n) => ({ _id: `flow:${n}`, text: `${n} `.repeat(34_000) })),
  );
  await local.put({ _id: 'flow:huge', text: 'x'.repeat(9 * 1024 * 1024) });
  const denied: unknown[] = [];
  const pushing = local.replicate.to(`${engine.url}/${name}`);
  void pushing.on('denied', (refusal) => denied.push(refusal));
  const pushed = await pushing;
  expect([pushed.docs_written, pushed.doc_write_failures, denied.length]).toEqual([100, 1, 1]);
  expect((await call('GET', `/${name}`)).json.doc_count).toBe(100);
  await local.destroy();
});
