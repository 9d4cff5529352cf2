import { isStorageFailure } from '../errors.ts';
import type { Pouch, PouchError } from '../pouch/pouch-types.ts';
import type { Direction, SyncEvent } from '../status/sync-status.ts';
import { createLiveDirection, type DirectionEvent, type LiveDirection } from './live-direction.ts';
import type { PendingChanges } from './pending-changes.ts';

export interface MainSync {
  /** Begins, or begins again at once; resolves when both directions have caught up with what there is now. */
  run: () => Promise<void>;
  stop: () => void;
}

interface MainSyncOptions {
  local: Pouch;
  remote: Pouch;
  pending: PendingChanges;
  /** Milliseconds to wait after so many failures in a row. */
  pauseAfter: (failures: number) => number;
  iso: () => string;
  dispatch: (event: SyncEvent) => void;
}

const pullBatch = 250;
const pushBatch = 100;

/** Live replication of the main database, each direction with retries of its own. */
export function createMainSync(options: MainSyncOptions): MainSync {
  const { local, remote, pending, pauseAfter, iso, dispatch } = options;

  const report = (direction: Direction, event: DirectionEvent): void => {
    switch (event.type) {
      case 'connecting':
      case 'active':
        dispatch({ type: event.type, direction });
        break;
      case 'transferred':
        dispatch({
          type: 'transferred',
          direction,
          done: event.documents,
          ...(event.pending === undefined ? {} : { pending: event.pending }),
        });
        break;
      case 'passed':
        if (direction === 'push') pending.passed(event.sequence);
        break;
      case 'caught-up':
        if (direction === 'push') passing = passMark().catch(() => {});
        dispatch({ type: 'caught-up', direction, at: iso() });
        break;
      case 'failed':
        dispatch(failure(direction, event.error));
    }
  };
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
  const live = (direction: Direction): LiveDirection =>
    createLiveDirection({
      begin: () =>
        direction === 'push'
          ? beginPush()
          : local.replicate.from(remote, { live: true, batch_size: pullBatch }),
      pauseAfter,
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
    stop() {
      push.stop();
      pull.stop();
    },
  };
}

export function failure(direction: Direction, error: unknown): Extract<SyncEvent, { type: 'failed' }> {
  const { status, message, reason } = (error ?? {}) as PouchError;
  // A DOMException of the local database: PouchDB copies errors by their own properties, of which it has none.
  const isBare = status === undefined && !message && !reason;
  if (!isBare && !isStorageFailure(error)) {
    return { type: 'failed', direction, error: reason ?? message ?? String(error) };
  }
  const said = [message, reason].filter(Boolean).join(': ');
  return {
    type: 'failed',
    direction,
    error: `The browser’s storage failed${said && `: ${said}`}.`,
    storage: true,
  };
}
