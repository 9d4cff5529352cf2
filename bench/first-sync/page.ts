import idbAdapter from 'pouchdb-adapter-idb';
import PouchCore from 'pouchdb-core';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { PouchConstructor } from '../../client-sync/pouch/pouch-types.ts';
import { fill, type FillOptions } from './fill.ts';

declare global {
  interface Window {
    fill: (options: FillOptions) => Promise<number>;
  }
}

/** What runs in Chromium: databases in IndexedDB. */
window.fill = async (options) => {
  const opener = await createPouchOpener('idb');
  const Database = PouchCore as unknown as PouchConstructor;
  Database.plugin(idbAdapter);
  const name = `first-sync-${Math.random().toString(36).slice(2)}`;
  return fill(
    {
      opener,
      openOurs: () => opener.openLocal(name),
      openPlain: () => new Database(name, { adapter: 'idb' }),
    },
    options,
  );
};
