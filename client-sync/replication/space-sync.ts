import { isMonth, type Month } from '../../schema/database-names.ts';
import { randomId } from '../local/uuid.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { allOf } from './all-of.ts';
import type { DatabaseSync, DatabaseSyncOptions } from './database-sync-types.ts';
import { createDatabaseSync } from './database-sync.ts';
import { offerRefused } from './month-rules.ts';
import { createMonthSyncs, type OpenSync } from './month-syncs.ts';
import type { ServerAccess } from './server-access.ts';

/** Sync of one space: its main database and its months of runs. */
export interface SpaceSync {
  id: string;
  main: DatabaseSync;
  /** The months that the server has, where that is known anew. */
  learnMonths: (months: Month[]) => void;
  /** Transfers everything; rejects where some of it fails. */
  runAll: () => Promise<void>;
  runMonths: () => Promise<void>;
  /** Tries now what has failed. */
  retry: () => void;
  /** The server says that a database was written: `main` or a month. */
  ring: (place: string) => void;
  stop: () => Promise<void>;
}

type Shared = Pick<
  DatabaseSyncOptions,
  | 'scheduler'
  | 'fillScheduler'
  | 'pauseAfter'
  | 'recovery'
  | 'busyMilliseconds'
  | 'iso'
  | 'dispatch'
  | 'fill'
  | 'few'
  | 'gatherMilliseconds'
>;

interface SpaceSyncOptions extends Shared {
  workspace: SpaceWorkspace;
  access: ServerAccess;
  now: () => number;
  /** How many months of runs are kept here. */
  keptMonths: () => number;
  /** The main database cannot be synced; what the space itself cannot put right. */
  onFailure: (error: unknown) => void;
  /** `pushedThrough` is the sequence of the main database that its push has passed; null where a month is told of. */
  onSettled: (pushedThrough: number | null) => void;
}

/** Makes the sync of one space; old months that nobody needs are dropped at once. */
export function createSpaceSync(options: SpaceSyncOptions): SpaceSync {
  const { workspace, access, now, keptMonths, onFailure: _failed, onSettled: _settled, ...shared } = options;
  const { space, info } = workspace;
  const sync = randomId();
  let stopped = false;
  let hasSynced = false;

  const openSync: OpenSync = (place, local, more) => {
    return createDatabaseSync({
      ...shared,
      ref: { space: info.id, place, sync },
      local,
      maySendUnasked: () => workspace.info.role !== 'viewer',
      ...more,
    });
  };
  const main = openSync('main', space.main, {
    open: (_pending, onArrival, signal) => access.open(workspace, 'main', { onArrival, signal }),
    onFailure: options.onFailure,
    onSettled(pushedThrough) {
      options.onSettled(pushedThrough);
      if (!hasSynced) void offerRefused(workspace, access, () => stopped);
      hasSynced = true;
    },
  });
  const monthSyncs = createMonthSyncs({
    workspace,
    access,
    openSync,
    now,
    iso: shared.iso,
    keptMonths,
    onSettled: () => options.onSettled(null),
  });
  return {
    id: info.id,
    main,
    learnMonths: monthSyncs.learn,
    runAll: () => allOf([main.runBoth(), monthSyncs.run()]),
    runMonths: monthSyncs.run,
    retry() {
      main.retry();
      monthSyncs.retry();
    },
    ring(place) {
      if (place === 'main') main.ring();
      else if (isMonth(place)) monthSyncs.ring(place);
    },
    async stop() {
      stopped = true;
      const syncs = await monthSyncs.stop();
      await Promise.all([main, ...syncs].map(({ close }) => close()));
      await Promise.all([options.scheduler.drop(sync), options.fillScheduler.drop(sync)]);
    },
  };
}
