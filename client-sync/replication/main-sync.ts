import type { Pouch } from '../pouch/pouch-types.ts';
import type { Direction } from '../status/sync-facts.ts';
import { createLiveDirection, type DirectionEvent, type LiveDirection } from './live-direction.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { Recovery } from './recovery.ts';

/** Plain live replication, for where no stream of hints can be had. */
export interface MainSync {
  /** Begins, or begins again at once; resolves when both directions have caught up with what there is now. */
  run: () => Promise<void>;
  /** Something was made here: a push that waits out a pause is tried again. */
  hurryPush: () => void;
  stop: () => void;
}

interface MainSyncOptions {
  local: Pouch;
  remote: Pouch;
  pending: PendingChanges;
  /** Milliseconds to wait after so many failures in a row. */
  pauseAfter: (failures: number) => number;
  recovery: Recovery;
  onEvent: (direction: Direction, event: DirectionEvent) => void;
}

const pullBatch = 250;
const pushBatch = 100;

/** Live replication of a main database, each direction with retries of its own. */
export function createMainSync(options: MainSyncOptions): MainSync {
  const { local, remote, pending, pauseAfter, recovery, onEvent } = options;

  /** Where the local database stood when the push began: once it has caught up, it has passed this. */
  let mark: Promise<number> | null = null;
  let passing: Promise<void> = Promise.resolve();
  const beginPush = () => {
    const start = local.info().then(({ update_seq }) => Number(update_seq));
    start.catch(() => {});
    mark = start;
    return local.replicate.to(remote, { live: true, batch_size: pushBatch });
  };
  const passMark = async () => {
    const start = mark;
    mark = null;
    if (start) pending.passed(await start);
  };
  const report = (direction: Direction, event: DirectionEvent) => {
    if (direction === 'push' && event.type === 'passed') pending.passed(event.sequence);
    if (direction === 'push' && event.type === 'caught-up') passing = passMark().catch(() => {});
    onEvent(direction, event);
  };
  const live = (direction: Direction): LiveDirection =>
    createLiveDirection({
      begin: () =>
        direction === 'push'
          ? beginPush()
          : local.replicate.from(remote, { live: true, batch_size: pullBatch }),
      pauseAfter,
      recovery,
      onEvent: (event) => report(direction, event),
    });
  const push = live('push');
  const pull = live('pull');
  return {
    async run() {
      const outcomes = await Promise.allSettled([push.restart(), pull.restart()]);
      await passing;
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
    },
    hurryPush: push.hurry,
    stop() {
      push.stop();
      pull.stop();
    },
  };
}
