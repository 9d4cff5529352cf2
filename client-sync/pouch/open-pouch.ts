import httpAdapter from 'pouchdb-adapter-http';
import idbAdapter from 'pouchdb-adapter-idb';
import PouchCore from 'pouchdb-core';
import replication from 'pouchdb-replication';
import { SetteeClientError } from '../errors.ts';
import { answerAtEnd } from './answer-at-end.ts';
import { keepFeedsAlive } from './feeds-without-gaps.ts';
import type { Pouch, PouchConstructor } from './pouch-types.ts';

/** A PouchDB adapter of the application's own: its name, the plugin that adds it, and options for every database. */
export interface PouchAdapter {
  name: string;
  plugin: unknown;
  options?: Record<string, unknown>;
}

/** Opens local and remote databases. */
export interface PouchOpener {
  openLocal: (name: string) => Pouch;
  openRemote: (url: string, fetcher: typeof fetch) => Pouch;
}

/** Revisions kept of each document, here as on the server, so that old branches still find their ancestors. */
const revisionsLimit = 200;

async function loadMemoryAdapter(): Promise<PouchAdapter> {
  // Named by a variable so that bundlers leave it out: browsers never load it.
  const specifier = 'pouchdb-adapter-memory';
  try {
    const module = (await import(/* @vite-ignore */ specifier)) as { default: unknown };
    return { name: 'memory', plugin: module.default };
  } catch (cause) {
    throw new SetteeClientError('storage_failed', 'The memory adapter only works in Node.', { cause });
  }
}

async function findAdapter(wanted: 'idb' | 'memory' | PouchAdapter | undefined): Promise<PouchAdapter> {
  if (typeof wanted === 'object') return wanted;
  const name = wanted ?? (typeof indexedDB === 'undefined' ? 'memory' : 'idb');
  return name === 'idb' ? { name: 'idb', plugin: idbAdapter } : loadMemoryAdapter();
}

/** Puts PouchDB together from its parts, with the storage that is asked for. */
export async function createPouchOpener(wanted?: 'idb' | 'memory' | PouchAdapter): Promise<PouchOpener> {
  const adapter = await findAdapter(wanted);
  const Database = PouchCore as PouchConstructor;
  Database.plugin(httpAdapter).plugin(adapter.plugin);
  // Can be added only once, and an application may use the same PouchDB.
  if (!('replicate' in Database.prototype)) Database.plugin(replication);
  // IndexedDB reads in transactions, ends those under way before it closes, and fails those that come later. Its adapter
  // would also set what is wrapped at once or later, by whether another database is being opened.
  const mends = adapter.name !== 'idb';
  return {
    openLocal(name) {
      const db = new Database(name, {
        ...adapter.options,
        adapter: adapter.name,
        auto_compaction: true,
        revs_limit: revisionsLimit,
      });
      // Each feed and each of its reads listens for the database's end; ten are soon reached.
      db.setMaxListeners(100);
      if (mends) {
        keepFeedsAlive(db);
        answerAtEnd(db);
      }
      return db;
    },
    openRemote: (url, fetcher) => new Database(url, { adapter: 'http', fetch: fetcher, skip_setup: true }),
  };
}
