import { isMonth, type Month } from '../../schema/database-names.ts';
import type { Pouch, PouchError } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { allOf } from './all-of.ts';
import type { DatabaseSync, DatabaseSyncOptions } from './database-sync-types.ts';
import { createDatabaseSync } from './database-sync.ts';
import { dropOldMonths, offerRefused, refuseMonth, wantedMonths } from './month-rules.ts';
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

export function createSpaceSync(options: SpaceSyncOptions): SpaceSync {
  const { workspace, access, now, keptMonths, onFailure: _failed, onSettled: _settled, ...shared } = options;
  const { iso } = shared;
  const { space, info, refused } = workspace;
  const months = new Map<Month, Promise<DatabaseSync>>();
  const givenUp = new Map<Month, Promise<void>>();
  let there = new Set<Month>();
  let stopped = false;
  let hasSynced = false;

  const openSync = (
    place: string,
    local: Pouch,
    more: Pick<DatabaseSyncOptions, 'open' | 'onFailure' | 'onSettled'>,
  ): DatabaseSync => {
    return createDatabaseSync({
      ...shared,
      ref: { space: info.id, place },
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
  const closeMonth = async (month: Month): Promise<void> => {
    const sync = months.get(month);
    months.delete(month);
    await (await sync)?.close();
  };
  const giveUp = async (month: Month): Promise<void> => {
    const { pending } = await openMonth(month);
    const { update_seq } = await (await space.runs(month)).info();
    await refuseMonth(workspace, month, iso());
    if (!space.months().includes(month)) return closeMonth(month);
    // What is refused waits for nothing.
    pending.passed(Number(update_seq));
    await pending.flush();
  };
  const monthFailed = (month: Month, error: unknown) => {
    const { status } = (error ?? {}) as PouchError;
    if (status === 404 || status === 410) there.delete(month);
    if (!isGone(error)) return;
    const ending = giveUp(month);
    // Where storage fails nothing is given up, and whoever asks for the month hears of it.
    ending.catch(() => {});
    givenUp.set(month, ending);
  };
  const openMonth = (month: Month): Promise<DatabaseSync> => {
    const known = months.get(month);
    if (known) return known;
    const opening = space.runs(month).then((local) =>
      openSync(month, local, {
        async open(pending, onArrival, signal) {
          if (!there.has(month)) {
            if (pending.count() === 0) return null;
            try {
              await access.provision(workspace, month);
            } catch (error) {
              if (!isGone(error)) throw error;
              await giveUp(month);
              return null;
            }
            there.add(month);
          }
          return access.open(workspace, month, { onArrival, signal });
        },
        onFailure: (error) => monthFailed(month, error),
        onSettled() {
          options.onSettled(null);
          void dropSent(month);
        },
      }),
    );
    months.set(month, opening);
    opening.catch(() => months.delete(month));
    return opening;
  };
  const runMonth = async (month: Month): Promise<void> => {
    const sync = await openMonth(month);
    try {
      await sync.runBoth();
    } catch (error) {
      if (isGone(error)) await givenUp.get(month);
      // One that was dropped meanwhile has nothing to transfer.
      else if (space.months().includes(month)) throw error;
    }
  };
  const kept = () => ({ now: now(), count: keptMonths() });
  let droppedFor = 0;
  /** At the start and when fewer months are to be kept, and again once what was not sent then is. */
  const dropOld = async (): Promise<void> => {
    const count = keptMonths();
    if (stopped || droppedFor === count) return;
    droppedFor = count;
    const isDone = await dropOldMonths(space, refused, kept()).catch(() => true);
    if (!isDone) droppedFor = 0;
  };
  const dropSent = async (month: Month): Promise<void> => {
    if (droppedFor === keptMonths()) return;
    const sync = await months.get(month)?.catch(() => null);
    await sync?.pending.flush().catch(() => {});
    await dropOld();
  };
  const runMonths = async (): Promise<void> => {
    await dropOld();
    await allOf(wantedMonths(space.months(), [...there], kept()).map(runMonth));
  };
  const openKept = () => {
    for (const month of months.keys()) if (!space.months().includes(month)) void closeMonth(month);
    for (const month of space.months()) void openMonth(month).catch(() => {});
  };
  const unsubscribe = space.onMonths(openKept);
  openKept();
  void dropOld();
  return {
    id: info.id,
    main,
    learnMonths(known) {
      there = new Set(known);
    },
    runAll: () => allOf([main.runBoth(), runMonths()]),
    runMonths,
    retry() {
      main.retry();
      for (const sync of months.values()) {
        sync.then(
          ({ retry }) => retry(),
          () => {},
        );
      }
    },
    ring(place) {
      if (place === 'main') return main.ring();
      if (!isMonth(place) || !wantedMonths(space.months(), [place], kept()).includes(place)) return;
      there.add(place);
      const isNew = !months.has(place);
      openMonth(place)
        .then((sync) => {
          sync.ring();
          // Until both directions have been looked at, it counts as not connected.
          return isNew ? sync.run('push') : undefined;
        })
        .catch(() => {});
    },
    async stop() {
      stopped = true;
      unsubscribe();
      const open = await Promise.allSettled(months.values());
      const syncs = open.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      await Promise.all([main, ...syncs].map((sync) => sync.close()));
      await Promise.all([options.scheduler.drop(info.id), options.fillScheduler.drop(info.id)]);
    },
  };
}

function isGone(error: unknown): boolean {
  return (error as PouchError | null)?.status === 410;
}
