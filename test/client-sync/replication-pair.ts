import { randomUUID } from 'node:crypto';
import { patientFetch } from '../../client-sync/account/read-answer.ts';
import { readFewLeaves } from '../../client-sync/bootstrap/few-leaves.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';
import { createCheckpoint } from '../../client-sync/replication/checkpoint.ts';
import { fetchChanges } from '../../client-sync/replication/fetch-changes.ts';
import { createPull, type OneShot, type Pull } from '../../client-sync/replication/pull.ts';
import { createPush } from '../../client-sync/replication/push.ts';
import { openRemoteDatabase } from '../../client-sync/replication/remote-database.ts';
import type { Refused } from '../../client-sync/replication/send-documents.ts';
import type { TestSettee } from '../support/settee.ts';

/** A local database, the personal database of a new account on the server, and replication between them. */
export interface Pair {
  local: Pouch;
  remote: Pouch;
  /** The engine's own, with the administrator's rights. */
  database: string;
  requests: string[];
  refused: Refused[];
  /** A new replication of the same pair, as after a restart. */
  pull: (options?: { batchSize?: number }) => Pull & { save: () => Promise<void> };
  push: (options?: {
    isNew?: () => boolean;
    isThere?: (docId: string, revision: string) => boolean;
    batchSize?: number;
  }) => OneShot & { save: () => Promise<void> };
}

export async function openPair(server: TestSettee, account?: { token: string; id: string }): Promise<Pair> {
  const reply = account ? null : await server.register();
  const token = account?.token ?? reply?.accessToken ?? '';
  const { database } = await server.services.spaces.personal(account?.id ?? reply?.user.id ?? '');
  const opener = await createPouchOpener('memory');
  const local = opener.openLocal(`pair-${randomUUID()}`);
  const requests: string[] = [];
  const refused: Refused[] = [];
  const fetcher: typeof fetch = (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    requests.push(`${init.method ?? 'GET'} ${url.pathname.replace(`/db/${database}`, '')}${url.search}`);
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    return patientFetch(fetch)(input, { ...init, headers });
  };
  const url = `${server.url}/db/${database}`;
  const remote = openRemoteDatabase({
    opener,
    url,
    fetcher,
    onArrival: () => {},
    onRefused: async (documents) => void refused.push(...documents),
    onAccepted: async () => {},
  });
  const saved = <T extends OneShot>(oneShot: T, checkpoint: ReturnType<typeof createCheckpoint>) =>
    Object.assign(oneShot, { save: () => checkpoint.write(oneShot.sequence() ?? 0) });
  return {
    local,
    remote,
    database,
    requests,
    refused,
    pull(options = {}) {
      const checkpoint = createCheckpoint(remote, local);
      const { signal } = new AbortController();
      const few = (since: string | number) => readFewLeaves({ url, fetcher, since, signal });
      const changes = (query: { since: string | number; limit: number }) => fetchChanges(fetcher, url, query);
      return saved(
        createPull({ local, remote, changes, few, checkpoint, onActive: () => {}, ...options }),
        checkpoint,
      );
    },
    push(options = {}) {
      const checkpoint = createCheckpoint(local, remote);
      return saved(
        createPush({
          local,
          remote,
          checkpoint,
          isThere: () => false,
          isNew: () => false,
          onActive: () => {},
          ...options,
        }),
        checkpoint,
      );
    },
  };
}

/** Runs it to its end and counts what it wrote. */
export async function runAll(oneShot: OneShot): Promise<number> {
  let written = 0;
  for (;;) {
    const batch = await oneShot.step();
    written += batch.written;
    if (!batch.more) return written;
  }
}
