import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDesignFunctions } from '../../../server/embedded/design-functions.ts';
import { createStorage, type CachedViews } from '../../../server/embedded/storage.ts';
import { createViewIndex } from '../../../server/embedded/views.ts';
import { databaseName } from './couch-client.ts';
import { pausedOnce } from './paused-once.ts';

it('opens an index again that could not be opened once', async () => {
  const storage = createStorage({ adapter: 'memory', directory: join(tmpdir(), 'settee-views') });
  const handle = await storage.open(databaseName(), { revsLimit: 10 });
  const index = createViewIndex({ functions: createDesignFunctions({ milliseconds: 1000 }) });
  await handle.put({ _id: '_design/v', views: { all: { map: 'function (d) { emit(d.n); }' } } });
  await handle.put({ _id: 'a', n: 1 });
  const working = { ...handle };
  const failing = { registerDependentDatabase: () => Promise.reject(new Error('too many open files')) };
  Object.assign(handle, failing);
  await expect(index.query(handle, 'v/all', {})).rejects.toThrow('too many open files');
  Object.assign(handle, working);
  await new Promise(setImmediate);
  expect((await index.query(handle, 'v/all', {})).rows).toHaveLength(1);
  await handle.destroy();
});

it('lists every document over a pause of the process while their batch is mapped', async () => {
  const storage = createStorage({ adapter: 'memory', directory: join(tmpdir(), 'settee-views') });
  const handle = await storage.open(databaseName(), { revsLimit: 10 });
  const functions = createDesignFunctions({ milliseconds: 1000 });
  const index = createViewIndex({
    functions: {
      get(...source) {
        const mapped = functions.get(...source);
        return { ...mapped, callEach: (batch) => mapped.callEach(pausedOnce(batch)) };
      },
    },
  });
  await handle.put({ _id: '_design/v', views: { all: { map: 'function (d) { emit(d.n); }' } } });
  await handle.bulkDocs(Array.from({ length: 100 }, (_, n) => ({ n })));
  expect((await index.query(handle, 'v/all', {})).rows).toHaveLength(100);
  await handle.destroy();
});

it('notes a document with its present rows only, and finds those at the next change', async () => {
  const storage = createStorage({ adapter: 'memory', directory: join(tmpdir(), 'settee-views') });
  const handle: Awaited<ReturnType<typeof storage.open>> & CachedViews = await storage.open(databaseName(), {
    revsLimit: 10,
  });
  const index = createViewIndex({ functions: createDesignFunctions({ milliseconds: 1000 }) });
  const map = 'function (d) { d.keys.forEach(function (key) { emit(key); }); }';
  await handle.put({ _id: '_design/v', views: { all: { map } } });
  const changes = [[1, 2], [2, 3], [4], [], [1, 1], [1, 4]];
  let rev: string | undefined;
  for (const keys of changes) {
    ({ rev } = await handle.put({ _id: 'a', _rev: rev, keys }));
    const { rows } = await index.query(handle, 'v/all', {});
    expect(rows).toEqual(keys.map((key) => ({ id: 'a', key, value: null })));
    const [opened] = await Promise.all(Object.values(handle._cachedViews ?? {}));
    const notes = opened?.db as typeof handle | undefined;
    expect((await notes?.get('_local/doc_a'))?.keys).toHaveLength(keys.length);
  }
  await handle.destroy();
});
