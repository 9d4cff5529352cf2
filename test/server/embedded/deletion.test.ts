import { expect, it } from 'vitest';
import { databaseName } from './couch-client.ts';
import { useEngine } from './use-engine.ts';

const { call } = useEngine({ adapter: 'leveldb' });

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
