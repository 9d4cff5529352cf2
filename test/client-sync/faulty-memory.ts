import memory from 'pouchdb-adapter-memory';
import type { PouchAdapter } from '../../client-sync/index.ts';

/** What the storage of a browser may refuse. */
export interface Faults {
  /** Databases in memory that obey the faults; all that use it share their data. */
  adapter: PouchAdapter;
  /** Decides about each write of documents; an error is what the write fails with. */
  onWrite: (fail: ((write: Write) => Error | undefined) | null) => void;
  /** As after an eviction under an open page: no database answers any more. */
  breakAll: () => void;
}

export interface Write {
  database: string;
  ids: string[];
}

type Callback = (error?: unknown, result?: unknown) => void;
interface FaultyDatabase {
  name: string;
  _bulkDocs: (request: { docs: { _id: string }[] }, options: object, callback: Callback) => void;
  _get: (id: string, options: object, callback: Callback) => void;
  _allDocs: (options: object, callback: Callback) => void;
  _changes: (options: { complete: Callback }) => unknown;
  _info: (callback: Callback) => void;
}
type AdapterFunction = (this: FaultyDatabase, options: object, callback: Callback) => void;
interface PluggablePouch {
  adapters: Record<string, AdapterFunction>;
  adapter(name: string, adapter: AdapterFunction, isPreferred: boolean): void;
}

/** What browsers say when an origin has used up its space. */
export function quotaExceeded(): Error {
  return new DOMException('The quota has been exceeded.', 'QuotaExceededError');
}

let count = 0;

/** Makes databases whose writes fail when a test says so. */
export function createFaults(): Faults {
  let decide: ((write: Write) => Error | undefined) | null = null;
  let isBroken = false;
  const broken = () => new DOMException('The database connection is closing.', 'InvalidStateError');
  const guard = (database: FaultyDatabase) => {
    const { _bulkDocs, _get, _allDocs, _changes, _info } = database;
    database._bulkDocs = (request, options, callback) => {
      const ids = request.docs.map(({ _id }) => _id);
      const error = isBroken ? broken() : decide?.({ database: database.name, ids });
      if (error) setTimeout(() => callback(error), 0);
      else _bulkDocs.call(database, request, options, callback);
    };
    database._get = (id, options, callback) =>
      isBroken ? void setTimeout(() => callback(broken()), 0) : _get.call(database, id, options, callback);
    database._allDocs = (options, callback) =>
      isBroken ? void setTimeout(() => callback(broken()), 0) : _allDocs.call(database, options, callback);
    database._info = (callback) =>
      isBroken ? void setTimeout(() => callback(broken()), 0) : _info.call(database, callback);
    database._changes = (options) =>
      isBroken ? void setTimeout(() => options.complete(broken()), 0) : _changes.call(database, options);
  };
  const name = `faulty-memory-${(count += 1)}`;
  const plugin = (Pouch: PluggablePouch) => {
    (memory as unknown as (pouch: PluggablePouch) => void)(Pouch);
    const original = Pouch.adapters.memory;
    if (!original) throw new Error('The memory adapter is missing.');
    const faulty: AdapterFunction = function faulty(options, callback) {
      original.call(this, options, (error, result) => {
        if (!error) guard(this);
        callback(error, result);
      });
    };
    Pouch.adapter(name, Object.assign(faulty, { valid: () => true, use_prefix: false }), false);
  };
  return {
    adapter: { name, plugin },
    onWrite(fail) {
      decide = fail;
    },
    breakAll() {
      isBroken = true;
    },
  };
}
