import { randomUUID } from 'node:crypto';
import memory from 'pouchdb-adapter-memory';
import { describe, expect, it } from 'vitest';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';

const questions: Record<string, (db: Pouch) => Promise<unknown>> = {
  get: (db) => db.get('one'),
  'get of a note': (db) => db.get('_local/one'),
  put: (db) => db.put({ _id: 'two' }),
  'put of a note': (db) => db.put({ _id: '_local/two' }),
  bulkDocs: (db) => db.bulkDocs([{ _id: 'three' }]),
  bulkGet: (db) => db.bulkGet({ docs: [{ id: 'one' }] }),
  allDocs: (db) => db.allDocs({ include_docs: true }),
  'allDocs of keys': (db) => db.allDocs({ keys: ['one'], include_docs: true }),
  revsDiff: (db) => db.revsDiff({ one: ['1-a'] }),
  changes: async (db) => db.changes({ since: 0, return_docs: true }),
  'changes from later on': async (db) => db.changes({ since: 1, limit: 100, return_docs: true }),
};

async function openFilled(): Promise<Pouch> {
  const { openLocal } = await createPouchOpener('memory');
  const db = openLocal(`end-${randomUUID()}`);
  await db.bulkDocs([{ _id: 'one' }]);
  await db.put({ _id: '_local/one' });
  return db;
}

/** A macrotask, so that what was asked is under way. */
const pause = () => new Promise((resolve) => setImmediate(resolve));

describe.each(['close', 'destroy'] as const)('a database answers all that it is asked when %s', (end) => {
  it.each(Object.entries(questions))('comes after %s', async (_name, ask) => {
    const db = await openFilled();
    const asked = Promise.allSettled([ask(db), ask(db)]);
    await db[end]();
    await asked;
  });

  it.each(Object.entries(questions))('comes before %s', async (_name, ask) => {
    const db = await openFilled();
    const ended = db[end]();
    const asked = Promise.allSettled([ask(db), pause().then(() => ask(db))]);
    await ended;
    await asked;
    await expect(ask(db)).rejects.toThrow(/database is (closed|destroyed)/);
  });
});

it('a database answers when another of its name destroys it', async () => {
  const { openLocal } = await createPouchOpener('memory');
  const [one, other] = [openLocal('twin'), openLocal('twin')];
  await Promise.all([one.info(), other.info()]);
  const asked = Promise.allSettled(Object.values(questions).map((ask) => ask(other)));
  await one.destroy();
  await asked;
  await expect(other.changes({ since: 0 })).rejects.toThrow('database is destroyed');
});

type Callback = (error: unknown, found: unknown) => void;
interface AdapterDatabase {
  _get(id: string, options: object, callback: Callback): void;
}
type AdapterFunction = (this: AdapterDatabase, options: object, opened: () => void) => void;
interface PluggablePouch {
  adapters: Record<string, AdapterFunction>;
  adapter(name: string, adapter: AdapterFunction): void;
}

/** Reads after a while, from a connection that ends after its transactions, as IndexedDB does. */
const slowIndexedDb = {
  name: 'idb',
  plugin(Pouch: PluggablePouch) {
    (memory as unknown as (pouch: PluggablePouch) => void)(Pouch);
    const slow: AdapterFunction = function slow(options, opened) {
      Pouch.adapters.memory?.call(this, options, opened);
      const doc = { _id: 'one', _rev: '1-a' };
      this._get = (_id, _options, callback) =>
        setTimeout(callback, 10, null, { doc, metadata: { rev_tree: [] } });
    };
    Pouch.adapter('idb', Object.assign(slow, { valid: () => true, use_prefix: false }));
  },
};

it('a database over IndexedDB gives what its transactions answer when it is closed', async () => {
  const { openLocal } = await createPouchOpener(slowIndexedDb);
  const db = openLocal(`end-${randomUUID()}`);
  await db.info();
  const asked = db.get('one');
  await db.close();
  await expect(asked).resolves.toMatchObject({ _id: 'one' });
});
