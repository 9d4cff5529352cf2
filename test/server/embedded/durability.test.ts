import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startEmbeddedTestEngine } from '../../support/engine.ts';
import { couchClient, databaseName } from './couch-client.ts';
import { killWhileWriting } from './kill-rounds.ts';

it('keeps every acknowledged write when it is killed', { timeout: 120_000 }, async () => {
  const { acknowledged, lost } = await killWhileWriting(3);
  expect(acknowledged).toBeGreaterThan(30);
  expect(lost).toEqual([]);
});

it('finds databases, settings and views again after a restart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'settee-restart-'));
  const db = `/${databaseName()}`;
  const first = await startEmbeddedTestEngine({ directory, adapter: 'leveldb' });
  const before = couchClient(first.url);
  await before('PUT', db);
  await before('PUT', `${db}/_security`, { members: { roles: ['space:1'] } });
  await before('PUT', `${db}/_revs_limit`, '200');
  await before('PUT', `${db}/_design/v`, {
    views: { all: { map: 'function (d) { emit(d.n); }', reduce: '_count' } },
  });
  await before('PUT', `${db}/a`, { n: 1 });
  const { uuid } = (await before('GET', '/')).json;
  expect((await before('GET', `${db}/_design/v/_view/all`)).json.rows?.[0]?.value).toBe(1);
  await first.stop();
  const second = await startEmbeddedTestEngine({ directory, adapter: 'leveldb' });
  const after = couchClient(second.url);
  expect((await after('GET', '/')).json.uuid).toBe(uuid);
  expect((await after('GET', '/_all_dbs')).json).toEqual([db.slice(1)]);
  expect((await after('GET', '/_db_updates?since=5')).json.results).toMatchObject([{ db_name: db.slice(1) }]);
  expect((await after('GET', `${db}/_security`)).json).toEqual({ members: { roles: ['space:1'] } });
  expect((await after('GET', `${db}/_revs_limit`)).json).toBe(200);
  expect((await after('GET', `${db}/_design/v/_view/all`)).json.rows?.[0]?.value).toBe(1);
  await second.stop();
  await rm(directory, { recursive: true });
});

async function openFiles(directory: string): Promise<number> {
  const descriptors = await readdir('/proc/self/fd');
  const { readlink } = await import('node:fs/promises');
  const targets = await Promise.all(
    descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')),
  );
  return targets.filter((target) => target.startsWith(join(directory, 'databases'))).length;
}

it('closes databases that nobody uses, views too, while feeds wait on them, and opens them again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'settee-idle-'));
  const engine = await startEmbeddedTestEngine({ directory, adapter: 'leveldb', idleMilliseconds: 500 });
  const call = couchClient(engine.url);
  const db = `/${databaseName()}`;
  await call('PUT', db);
  await call('PUT', `${db}/_design/v`, { views: { all: { map: 'function (d) { emit(d.n); }' } } });
  await call('GET', `${db}/_design/v/_view/all`);
  const waiting = call('GET', `${db}/_changes?feed=longpoll&since=now&heartbeat=1000`);
  expect(await openFiles(directory)).toBeGreaterThan(0);
  for (let attempt = 0; attempt < 50 && (await openFiles(directory)) > 0; attempt += 1) await wait(200);
  expect(await openFiles(directory)).toBe(0);
  await call('PUT', `${db}/a`, { n: 1 });
  expect((await waiting).json.results?.[0]).toMatchObject({ id: 'a' });
  expect((await call('GET', `${db}/_design/v/_view/all`)).json.rows).toHaveLength(1);
  await engine.stop();
  await rm(directory, { recursive: true });
});

it('drops the bodies of replaced revisions by itself', async () => {
  const engine = await startEmbeddedTestEngine();
  const call = couchClient(engine.url);
  const db = `/${databaseName()}`;
  await call('PUT', db);
  let rev = '';
  const revs: string[] = [];
  for (let v = 0; v <= 205; v += 1) {
    rev = (await call('PUT', `${db}/a`, { v, ...(rev ? { _rev: rev } : {}) })).json.rev;
    revs.push(rev);
  }
  for (let attempt = 0; attempt < 50; attempt += 1) {
    if ((await call('GET', `${db}/a?rev=${revs[5] as string}`)).status === 404) break;
    await wait(100);
  }
  expect((await call('GET', `${db}/a?rev=${revs[5] as string}`)).status).toBe(404);
  expect((await call('GET', `${db}/a`)).json.v).toBe(205);
  await engine.stop();
});

it('leaves nothing readable to others in its directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'settee-private-'));
  const engine = await startEmbeddedTestEngine({ directory });
  expect(await readFile(join(directory, 'engine.json'), 'utf8')).toContain('settee-service');
  const { stat } = await import('node:fs/promises');
  expect((await stat(join(directory, 'engine.json'))).mode & 0o077).toBe(0);
  await engine.stop();
  await rm(directory, { recursive: true });
});
