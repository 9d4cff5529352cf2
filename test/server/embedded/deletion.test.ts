import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startEmbeddedTestEngine } from '../../support/engine.ts';
import { couchClient, databaseName, type CouchClient } from './couch-client.ts';
import { useEngine } from './use-engine.ts';

const { call } = useEngine({ adapter: 'leveldb' });
let directory: string;
let databases: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settee-deletion-'));
  databases = join(directory, 'databases');
});
afterAll(() => rm(directory, { recursive: true }));

/** One run of an engine in the directory of this file. */
async function run(work: (call: CouchClient) => Promise<void>): Promise<void> {
  const engine = await startEmbeddedTestEngine({ directory, adapter: 'leveldb' });
  try {
    await work(couchClient(engine.url));
  } finally {
    await engine.stop();
  }
}

const design = { views: { all: { map: 'function (d) { emit(d.n, 1); }', reduce: '_sum' } } };

it(
  'deletes a database under requests in flight, each answered, and makes it anew without a trace',
  { timeout: 60_000 },
  async () => {
    const db = `/${databaseName()}`;
    for (let round = 0; round < 4; round += 1) {
      await call('PUT', db);
      await call('PUT', `${db}/_design/v`, design);
      await call('POST', `${db}/_bulk_docs`, { docs: Array.from({ length: 1500 }, (_, n) => ({ n })) });
      const inFlight = [
        call('GET', `${db}/_design/v/_view/all`),
        call('GET', `${db}/_changes?include_docs=true`),
        ...Array.from({ length: 5 }, (_, n) => call('PUT', `${db}/late-${n}`, {})),
      ];
      await new Promise((resolve) => {
        setTimeout(resolve, round * 30);
      });
      expect((await call('DELETE', db)).status).toBe(200);
      for (const { status } of await Promise.all(inFlight)) expect([200, 201, 404]).toContain(status);
      expect((await call('PUT', db)).status).toBe(201);
      await call('PUT', `${db}/_design/v`, design);
      await call('PUT', `${db}/only`, { n: 1 });
      expect((await call('GET', `${db}/_design/v/_view/all`)).json.rows?.[0]?.value).toBe(1);
      expect((await call('GET', `${db}/_all_docs`)).json.rows).toHaveLength(2);
      await call('DELETE', db);
    }
  },
);

it.each(['MANIFEST-', 'CURRENT'])(
  'deletes a database that lost its %s to a process killed while deleting it, and makes it anew',
  async (lost) => {
    const name = databaseName();
    const db = `/${name}`;
    await run(async (first) => {
      await first('PUT', db);
      await first('PUT', `${db}/_design/v`, design);
      await first('PUT', `${db}/old`, { n: 1 });
      await first('GET', `${db}/_design/v/_view/all`);
    });
    for (const file of await readdir(join(databases, name))) {
      if (file.startsWith(lost)) await rm(join(databases, name, file));
    }
    await run(async (second) => {
      expect((await second('DELETE', db)).status).toBe(200);
      expect(await readdir(databases)).toEqual([]);
      expect((await second('DELETE', db)).status).toBe(404);
      expect((await second('PUT', db)).status).toBe(201);
      await second('PUT', `${db}/_design/v`, design);
      expect((await second('GET', `${db}/_design/v/_view/all`)).json.rows).toEqual([]);
      await second('DELETE', db);
    });
  },
);

it('keeps a database that could not be deleted, for whoever asks again', async () => {
  const db = `/${databaseName()}`;
  await run(async (during) => {
    await during('PUT', db);
    await during('PUT', `${db}/a`, { n: 1 });
    await rename(databases, `${databases}-away`);
    for (const _ of ['asked', 'asked again']) expect((await during('DELETE', db)).status).toBe(500);
    await rename(`${databases}-away`, databases);
    expect((await during('GET', `${db}/a`)).json.n).toBe(1);
    expect((await during('DELETE', db)).status).toBe(200);
    expect((await during('GET', db)).status).toBe(404);
  });
});

it('removes at its start what was being deleted when it was killed', async () => {
  const left = join(databases, '.discarded-0');
  await mkdir(left, { recursive: true });
  await writeFile(join(left, 'CURRENT'), '');
  await run(async (after) => {
    expect((await after('GET', '/_all_dbs')).json).toEqual([]);
    expect(await readdir(databases)).toEqual([]);
  });
});

it('leaves no row of a deleted database to its successor, whatever its revision limit became', async () => {
  const db = `/${databaseName()}`;
  for (const n of [1, 2]) {
    await call('PUT', db);
    await call('PUT', `${db}/_design/v`, design);
    await call('PUT', `${db}/a${n}`, { n });
    const { rows } = (await call('GET', `${db}/_design/v/_view/all?reduce=false`)).json;
    expect(rows).toEqual([{ id: `a${n}`, key: n, value: 1 }]);
    await call('PUT', `${db}/_revs_limit`, '200');
    await call('DELETE', db);
  }
});
