import memory from 'pouchdb-adapter-memory';
import PouchCore from 'pouchdb-core';
import type { PouchAdapter } from '../../client-sync/index.ts';

/** What one device keeps: it survives a restart, and can stop taking writes as at a crash. */
export interface DeviceStorage {
  adapter: PouchAdapter;
  /** Nothing is written any more, as if the power were gone. */
  freeze(): void;
  thaw(): void;
  /** The databases that are there, with all leaves of every document. */
  read(): Promise<Map<string, StoredDocument[]>>;
  destroy(): Promise<void>;
}

export interface StoredDocument {
  _id: string;
  _rev: string;
  _deleted?: boolean;
  [field: string]: unknown;
}

type Callback = (error?: unknown, result?: unknown) => void;
interface AdapterDatabase {
  name: string;
  [write: string]: unknown;
}
type AdapterFunction = (this: AdapterDatabase, options: object, callback: Callback) => void;
interface PluggablePouch {
  adapters: Record<string, AdapterFunction>;
  adapter(name: string, adapter: AdapterFunction, isPreferred: boolean): void;
}

/** What a write answers once the power is gone. */
export const powerLoss = 'The device lost its power.';

const writing = ['_bulkDocs', '_putLocal', '_removeLocal', '_doCompaction'];
let count = 0;

export function createDeviceStorage(): DeviceStorage {
  const opened = new Set<string>();
  let isFrozen = false;
  const guard = (database: AdapterDatabase): void => {
    for (const method of writing) {
      const original = database[method];
      if (typeof original !== 'function') continue;
      database[method] = (...args: unknown[]) => {
        if (!isFrozen) return (original as (...all: unknown[]) => unknown).apply(database, args);
        const callback = args.findLast((arg) => typeof arg === 'function') as Callback | undefined;
        return void setTimeout(() => callback?.(new Error(powerLoss)), 0);
      };
    }
  };
  const name = `device-memory-${(count += 1)}`;
  const plugin = (Pouch: PluggablePouch): void => {
    (memory as unknown as (pouch: PluggablePouch) => void)(Pouch);
    const original = Pouch.adapters.memory;
    if (!original) throw new Error('The memory adapter is missing.');
    const watched: AdapterFunction = function watched(options, callback) {
      opened.add(this.name);
      original.call(this, options, (error, result) => {
        if (error === undefined || error === null) guard(this);
        callback(error, result);
      });
    };
    Pouch.adapter(name, Object.assign(watched, { valid: () => true, use_prefix: false }), false);
  };
  const open = (database: string): PouchDB.Database => new PouchCore(database, { adapter: name });

  return {
    adapter: { name, plugin },
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
    },
    async read() {
      const found = new Map<string, StoredDocument[]>();
      for (const database of opened) {
        // Left open: all that is open on a database in memory is one, and closes together.
        found.set(database, await readLeaves(open(database)));
      }
      return found;
    },
    async destroy() {
      for (const database of opened) await open(database).destroy();
    },
  };
}

async function readLeaves(db: PouchDB.Database): Promise<StoredDocument[]> {
  const { results } = await db.changes({ style: 'all_docs' });
  const docs = results.flatMap(({ id, changes }) => changes.map(({ rev }) => ({ id, rev })));
  if (docs.length === 0) return [];
  const read = await db.bulkGet({ docs });
  return read.results.flatMap((result) =>
    result.docs.flatMap((each) => ('ok' in each ? [each.ok as unknown as StoredDocument] : [])),
  );
}
