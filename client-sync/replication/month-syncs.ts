import type { Month } from '../../schema/database-names.ts';
import type { Pouch, PouchError } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { allOf } from './all-of.ts';
import type { DatabaseSync, DatabaseSyncOptions } from './database-sync-types.ts';
import { dropOldMonths, refuseMonth, wantedMonths } from './month-rules.ts';
import type { ServerAccess } from './server-access.ts';

/** Begins the sync of one database of a space. */
export type OpenSync = (
  place: string,
  local: Pouch,
  more: Pick<DatabaseSyncOptions, 'open' | 'onFailure' | 'onSettled'>,
) => DatabaseSync;

/** Sync of a space's months of runs, opened and closed as the months come and go. */
export interface MonthSyncs {
  /** The months that the server has, where that is known anew. */
  learn: (months: Month[]) => void;
  /** Transfers the months that are kept; rejects where one of them fails. */
  run: () => Promise<void>;
  /** Tries now what has failed. */
  retry: () => void;
  /** The server says that a month was written. */
  ring: (month: Month) => void;
  /** Opens and drops no more months by itself; resolves to those that are open, for whoever closes them. */
  stop: () => Promise<DatabaseSync[]>;
}

interface MonthSyncsOptions {
  workspace: SpaceWorkspace;
  access: ServerAccess;
  openSync: OpenSync;
  now: () => number;
  iso: () => string;
  /** How many months of runs are kept here. */
  keptMonths: () => number;
  onSettled: () => void;
}

/** Begins to sync the months that are here. */
export function createMonthSyncs(options: MonthSyncsOptions): MonthSyncs {
  const { workspace, access, openSync, now, iso, keptMonths, onSettled } = options;
  const { space, refused } = workspace;
  const months = new Map<Month, Promise<DatabaseSync>>();
  /** Those whose database is open: others may not be known to be here yet. */
  const opened = new Set<Month>();
  const givenUp = new Map<Month, Promise<void>>();
  let there = new Set<Month>();
  let stopped = false;

  const closeMonth = async (month: Month): Promise<void> => {
    const sync = months.get(month);
    months.delete(month);
    opened.delete(month);
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
              if (!isGone(error) || signal.aborted) throw error;
              await giveUp(month);
              return null;
            }
            there.add(month);
          }
          return access.open(workspace, month, { onArrival, signal });
        },
        onFailure: (error) => monthFailed(month, error),
        onSettled() {
          onSettled();
          void dropSent(month);
        },
      }),
    );
    months.set(month, opening);
    opening.then(
      () => opened.add(month),
      () => months.delete(month),
    );
    return opening;
  };
  const runMonth = async (month: Month): Promise<void> => {
    const sync = await openMonth(month);
    try {
      await sync.runBoth();
      await dropSent(month);
    } catch (error) {
      if (isGone(error)) await givenUp.get(month);
      // One that was dropped meanwhile has nothing to transfer.
      else if (space.months().includes(month)) throw error;
    }
  };
  const kept = () => ({ now: now(), count: keptMonths() });
  let droppedFor = 0;
  let dropping = Promise.resolve();
  /** At the start and when fewer months are to be kept, and again once what was not sent then is. */
  const dropOld = (): Promise<void> => {
    dropping = dropping.then(async () => {
      const count = keptMonths();
      if (stopped || droppedFor === count) return;
      const isDone = await dropOldMonths(space, refused, kept()).catch(() => true);
      if (isDone) droppedFor = count;
    });
    return dropping;
  };
  const dropSent = async (month: Month): Promise<void> => {
    if (droppedFor === keptMonths()) return;
    const sync = await months.get(month)?.catch(() => null);
    await sync?.pending.flush().catch(() => {});
    await dropOld();
  };
  const run = async (): Promise<void> => {
    await dropOld();
    if (stopped) return;
    await allOf(wantedMonths(space.months(), [...there], kept()).map(runMonth));
  };
  const openKept = () => {
    for (const month of opened) if (!space.months().includes(month)) void closeMonth(month);
    for (const month of space.months()) void openMonth(month).catch(() => {});
  };
  const unsubscribe = space.onMonths(openKept);
  openKept();
  void dropOld();
  return {
    learn(known) {
      there = new Set(known);
    },
    run,
    retry() {
      for (const sync of months.values()) {
        sync.then(
          ({ retry }) => retry(),
          () => {},
        );
      }
    },
    ring(month) {
      if (stopped || !wantedMonths(space.months(), [month], kept()).includes(month)) return;
      there.add(month);
      const isNew = !months.has(month);
      openMonth(month)
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
      return open.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    },
  };
}

function isGone(error: unknown): boolean {
  return (error as PouchError | null)?.status === 410;
}
