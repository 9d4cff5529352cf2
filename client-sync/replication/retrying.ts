import type { Direction } from '../status/sync-facts.ts';
import type { DatabaseReport } from './database-report.ts';
import type { DatabaseSyncOptions } from './database-sync-types.ts';
import { describeFault } from './fault.ts';
import { hurriedFailures } from './recovery.ts';
import type { Timers } from './timers.ts';

/** Tries again what has failed: after a pause, or as soon as the server answers others. */
export interface Retrying {
  failed: (direction: Direction, error: unknown) => void;
  succeeded: (direction: Direction) => void;
  /** What failed last, while the server wants to be left alone: nothing else would come of another attempt. */
  sentAway: (direction: Direction) => unknown;
  /** Tries again when the server may be asked. */
  waitOut: () => void;
  /** Tries now what has failed. */
  retry: () => void;
  close: () => void;
}

interface RetryingOptions extends Pick<DatabaseSyncOptions, 'recovery' | 'pauseAfter' | 'busyMilliseconds'> {
  report: DatabaseReport;
  timers: Timers;
  attempt: (direction: Direction) => void;
}

/** Makes the retrying of one database, in which nothing has failed yet. */
export function createRetrying(options: RetryingOptions): Retrying {
  const { report, recovery, pauseAfter, busyMilliseconds, attempt } = options;
  const { later, forget } = options.timers;
  const failures: Record<Direction, number> = { push: 0, pull: 0 };
  const lastErrors: Record<Direction, unknown> = { push: null, pull: null };
  let isHurried = false;

  const retry = () => {
    for (const failed of report.failing()) attempt(failed);
  };
  /** The server answers others. */
  const hurry = () => {
    for (const failed of report.failing()) failures[failed] = hurriedFailures(failures[failed]);
    forget('retry');
    isHurried = true;
    retry();
  };
  return {
    failed(direction, error) {
      failures[direction] += 1;
      lastErrors[direction] = error;
      report.failed(direction, error);
      const isPause = later('retry', pauseAfter(failures[direction]), retry);
      if (isPause && !isHurried && describeFault(error).fault === 'network') recovery.wait(hurry);
      isHurried = false;
    },
    succeeded(direction) {
      failures[direction] = 0;
      lastErrors[direction] = null;
      report.caughtUp(direction);
      if (report.failing().length > 0) return;
      forget('retry');
      recovery.forget(hurry);
      isHurried = false;
    },
    sentAway: (direction) => (busyMilliseconds() > 0 ? lastErrors[direction] : null),
    waitOut: () => void later('retry', busyMilliseconds(), retry),
    retry,
    close: () => recovery.forget(hurry),
  };
}
