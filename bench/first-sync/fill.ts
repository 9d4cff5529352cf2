import { bootstrapDatabase } from '../../client-sync/bootstrap/bootstrap.ts';
import type { PouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';

/** One way to fill an empty local database: PouchDB's replication with a batch size, or client-sync. */
export type Way = { plain: number | null } | 'client-sync';

export interface FillOptions {
  way: Way;
  url: string;
  authorization: string;
  /** Flows that must be there at the end. */
  expected: number;
}

export interface Opened {
  /** With client-sync's options, and with PouchDB's own. */
  openOurs: () => Pouch;
  openPlain: () => Pouch;
  opener: PouchOpener;
}

/** Fills a new local database, and counts what is in it; milliseconds without the counting. */
export async function fill({ openOurs, openPlain, opener }: Opened, options: FillOptions): Promise<number> {
  const { way, url, authorization } = options;
  const fetcher: typeof fetch = (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', authorization);
    return fetch(input, { ...init, headers });
  };
  const remote = opener.openRemote(url, fetcher);
  const local = way === 'client-sync' ? openOurs() : openPlain();
  await local.info();
  const start = performance.now();
  if (way === 'client-sync') {
    const named = Object.assign(remote, { id: () => Promise.resolve(url) });
    const outcome = await bootstrapDatabase({ local, remote: named, url, fetcher });
    if (outcome !== 'done') throw new Error(`The first sync was ${outcome}.`);
  } else {
    await local.replicate.from(remote, way.plain === null ? {} : { batch_size: way.plain });
  }
  const milliseconds = performance.now() - start;
  const { rows } = await local.allDocs({ startkey: 'flow:', endkey: 'flow;' });
  if (rows.length !== options.expected) throw new Error(`${rows.length} of ${options.expected} flows came.`);
  await local.destroy();
  return milliseconds;
}
