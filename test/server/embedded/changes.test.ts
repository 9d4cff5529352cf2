import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { basic, databaseName, type Json } from './couch-client.ts';
import { useEngine } from './use-engine.ts';

const { call, newDatabase } = useEngine({ plainUsers: true });
let db: string;

beforeEach(async () => {
  db = await newDatabase();
});

const rowsOf = (json: Json): { id: string }[] => json.results;

describe('_changes', () => {
  it('begins anew where since is ahead of the database', async () => {
    await call('PUT', `${db}/a`, {});
    expect(rowsOf((await call('GET', `${db}/_changes?since=9999`)).json)).toHaveLength(1);
  });

  it('leaves out no document that is rewritten while it reads', async () => {
    const docs = Array.from({ length: 300 }, (_, n) => ({ _id: `d${n}` }));
    const written = (await call('POST', `${db}/_bulk_docs`, { docs })).json as unknown as {
      id: string;
      rev: string;
    }[];
    const rewriting = (async () => {
      for (const { id, rev } of written) await call('PUT', `${db}/${id}`, { _rev: rev });
    })();
    for (let round = 0; round < 20; round += 1) {
      const { json } = await call('GET', `${db}/_changes`);
      expect(new Set(rowsOf(json).map(({ id }) => id)).size).toBe(300);
    }
    await rewriting;
  });

  it('wakes waiting long polls at a write, once each and only for what they ask', async () => {
    const longpoll = (query: string, body?: unknown) =>
      call(body ? 'POST' : 'GET', `${db}/_changes?feed=longpoll&since=now&heartbeat=5000${query}`, body);
    const any = Array.from({ length: 20 }, () => longpoll(''));
    const one = longpoll('&filter=_doc_ids', { doc_ids: ['b'] });
    const chosen = longpoll('&filter=_selector', { selector: { type: 'x' } });
    await wait(300);
    await call('PUT', `${db}/a`, {});
    for (const { json } of await Promise.all(any)) expect(rowsOf(json).map(({ id }) => id)).toEqual(['a']);
    await call('PUT', `${db}/b`, { type: 'x' });
    expect(rowsOf((await one).json).map(({ id }) => id)).toEqual(['b']);
    expect(rowsOf((await chosen).json).map(({ id }) => id)).toEqual(['b']);
  });

  it('reads in pages: all rows once, within a limit, with the last sequence', async () => {
    const docs = Array.from({ length: 1234 }, (_, n) => ({ _id: `d${n}`, even: n % 2 === 0 }));
    await call('POST', `${db}/_bulk_docs`, { docs });
    for (const query of ['?', '?include_docs=true&', '?feed=longpoll&', '?feed=continuous&limit=1234&']) {
      const { json, text } = await call('GET', `${db}/_changes${query}heartbeat=9000`);
      const ids = json.results
        ? rowsOf(json).map(({ id }) => id)
        : [...text.matchAll(/"id":"(d\d+)"/g)].map(([, id]) => id);
      expect([ids.length, new Set(ids).size]).toEqual([1234, 1234]);
      expect(text).toContain('"last_seq":1234');
    }
    expect(rowsOf((await call('GET', `${db}/_changes?limit=1100`)).json)).toHaveLength(1100);
    const even = await call('POST', `${db}/_changes?filter=_selector`, { selector: { even: true } });
    expect(rowsOf(even.json)).toHaveLength(617);
  });

  it('tells a user nothing more in an open feed once the security object shuts him out', async () => {
    await call('PUT', `${db}/_security`, { members: { names: ['alice'] } });
    const alice = { authorization: basic('alice', 'alicepw') };
    const feeds = ['longpoll', 'continuous'].map((feed) =>
      call('GET', `${db}/_changes?feed=${feed}&since=now&heartbeat=300`, undefined, alice),
    );
    await wait(300);
    await call('PUT', `${db}/_security`, { members: { names: ['bob'] } });
    await call('PUT', `${db}/secret`, {});
    for (const { text } of await Promise.all(feeds)) expect(text).not.toContain('secret');
  });

  it('ends a long poll at its timeout', async () => {
    const { json } = await call('GET', `${db}/_changes?feed=longpoll&since=now&timeout=200`);
    expect(json).toMatchObject({ results: [], last_seq: 0 });
  });

  it('streams continuously: history, then writes, and ends when the database goes', async () => {
    await call('PUT', `${db}/a`, {});
    const streamed = call('GET', `${db}/_changes?feed=continuous&heartbeat=200&include_docs=true`);
    await wait(300);
    await call('PUT', `${db}/b`, {});
    await wait(300);
    await call('DELETE', db);
    const lines = (await streamed).text.split('\n').filter((line) => line !== '');
    expect(lines.map((line) => (JSON.parse(line) as { id?: string }).id)).toEqual(['a', 'b', undefined]);
  });

  it('answers an endless pattern in a selector with an error', async () => {
    await call('PUT', `${db}/a`, { text: `${'a'.repeat(40)}!` });
    const selector = { text: { $regex: '^(a+)+$' } };
    expect((await call('POST', `${db}/_changes?filter=_selector`, { selector })).status).toBe(400);
    expect((await call('POST', `${db}/_find`, { selector })).status).toBe(400);
  });

  it('lets a slow pattern take no more time for many documents than for one', async () => {
    const docs = Array.from({ length: 60 }, (_, n) => ({ _id: `slow-${n}`, text: `${'a'.repeat(22)}!` }));
    await call('POST', `${db}/_bulk_docs`, { docs });
    const selector = { text: { $regex: '^(a+)+$' } };
    const answer = await call('POST', `${db}/_changes?filter=_selector`, { selector });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('timeout');
  });

  it('tells of databases that come, change and go', async () => {
    const name = databaseName();
    const feed = call('GET', '/_db_updates?feed=continuous&since=now&limit=3&heartbeat=5000');
    await wait(200);
    await call('PUT', `/${name}`);
    await wait(100);
    await call('PUT', `/${name}/a`, {});
    await wait(100);
    await call('DELETE', `/${name}`);
    const updates = (await feed).text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(updates.slice(0, 3)).toMatchObject(
      ['created', 'updated', 'deleted'].map((type) => ({ db_name: name, type })),
    );
  });
});
