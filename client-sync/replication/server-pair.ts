import { orAborted } from '../or-aborted.ts';
import type { DatabaseReport } from './database-report.ts';
import type { Arrival, DatabaseSyncOptions } from './database-sync-types.ts';
import { openedOnce, type OpenedOnce } from './opened-once.ts';
import { createPair, type Pair } from './pair.ts';
import type { PendingChanges } from './pending-changes.ts';

/** The pair of a local database and the server's, which passes over what came from there when it pushes. */
export interface ServerPair extends OpenedOnce<Pair> {
  /** A revision arrives and is about to be written here. */
  arrival: Arrival;
  /** The push has passed over all that has come. */
  passedArrived: () => void;
}

interface ServerPairOptions extends Pick<DatabaseSyncOptions, 'local' | 'open' | 'few' | 'maySendUnasked'> {
  pending: PendingChanges;
  report: DatabaseReport;
  signal: AbortSignal;
}

/** Makes the pair of one database, which is opened when it is first asked for. */
export function createServerPair(options: ServerPairOptions): ServerPair {
  const { local, open, few, maySendUnasked, pending, report, signal } = options;
  /** What came from the server and was not passed by the push yet. */
  const arrived = new Set<string>();
  const arrival: Arrival = (docId, revision) => {
    arrived.add(`${docId}@${revision}`);
    pending.expect(docId, revision);
  };
  const opened = openedOnce<Pair>(async () => {
    await pending.ready();
    const remote = await orAborted(open(pending, arrival, signal), signal);
    if (!remote) return null;
    return createPair({
      local,
      remote,
      isThere: (docId, revision) => arrived.delete(`${docId}@${revision}`),
      isNew: (docId, revision) => maySendUnasked() && pending.isNew(docId, revision),
      onActive: report.active,
      few: (since) => few({ remote, since, signal }),
      onArrival: arrival,
    });
  });
  return { ...opened, arrival, passedArrived: () => arrived.clear() };
}
