import PouchDB from 'pouchdb';
import { emptyLocal } from '../people.ts';
import type { TeamBrowser } from './pair.ts';
import { signIn, type Team } from './team.ts';

/** PouchDB's own live replication of each space, with the platform's `fetch` as in a browser. */
export async function openPlainBrowser(url: string, team: Team, who: 0 | 1): Promise<TeamBrowser> {
  const token = await signIn(url, team.logins[who]);
  const databases = team.spaces.map(({ database }) => {
    const local = emptyLocal();
    const server = remote(`${url}/db/${database}`, token);
    const options = { live: true, retry: true };
    return {
      local,
      replications: [local.replicate.to(server, options), local.replicate.from(server, options)],
    };
  });
  await Promise.all(databases.flatMap(({ replications }) => replications.map(caughtUp)));
  const feeds: PouchDB.Core.Changes<object>[] = [];
  return {
    async rename(spaceIndex, flowId, name) {
      const local = (databases[spaceIndex] as (typeof databases)[number]).local;
      const doc = await local.get(`flow:${flowId}`);
      await local.put({ ...doc, name, updatedAt: new Date().toISOString() });
    },
    onName(listener) {
      for (const { local } of databases) {
        const feed = local.changes({ live: true, since: 'now', include_docs: true });
        void feed.on('change', ({ id, doc }) => {
          listener(id.slice('flow:'.length), (doc as { name?: string } | undefined)?.name ?? '');
        });
        feeds.push(feed);
      }
    },
    look: null,
    async close() {
      for (const feed of feeds) feed.cancel();
      for (const { replications } of databases) for (const replication of replications) replication.cancel();
      await Promise.all(databases.map(({ local }) => local.destroy()));
    },
  };
}

function remote(url: string, token: string): PouchDB.Database {
  return new PouchDB(url, {
    skip_setup: true,
    fetch(input, options) {
      const headers = new Headers(options?.headers);
      headers.set('authorization', `Bearer ${token}`);
      return fetch(input, { ...options, headers });
    },
  });
}

function caughtUp(replication: PouchDB.Replication.Replication<object>): Promise<void> {
  return new Promise((resolve) => {
    void replication.on('paused', () => resolve());
  });
}
