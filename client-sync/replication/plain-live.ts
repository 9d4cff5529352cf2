import type { Direction } from '../status/sync-facts.ts';
import type { DatabaseReport } from './database-report.ts';
import type { DatabaseSyncOptions } from './database-sync-types.ts';
import type { DirectionEvent } from './live-direction.ts';
import { createMainSync, type MainSync } from './main-sync.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { ServerPair } from './server-pair.ts';
import type { Settling } from './settling.ts';

/** Lets plain live replication take the place of one-shots, for as long as that is wanted. */
export interface PlainLive {
  /** What runs in their place, if anything does. */
  current: () => MainSync | null;
  set: (isWanted: boolean) => void;
  stop: () => void;
}

interface PlainLiveOptions extends Pick<
  DatabaseSyncOptions,
  'local' | 'pauseAfter' | 'recovery' | 'onFailure'
> {
  pair: ServerPair;
  pending: PendingChanges;
  report: DatabaseReport;
  settling: Settling;
  signal: AbortSignal;
  /** Awaited before it begins. */
  ensureFilled: () => Promise<void>;
}

/** Makes the plain live replication of one database, which begins when it is wanted. */
export function createPlainLive(options: PlainLiveOptions): PlainLive {
  const { local, recovery, pair, pending, report, settling, signal, ensureFilled } = options;
  let live: MainSync | null = null;
  let isLive = false;

  const onEvent = (direction: Direction, event: DirectionEvent) => {
    report.take(direction, event);
    if (event.type === 'caught-up') recovery.heard();
    if (event.type === 'failed') options.onFailure(event.error, direction);
    if (event.type === 'transferred') settling.moved('pull');
    // It asks the server itself, and nobody else would ever take these out.
    if (event.type === 'caught-up' && direction === 'push') pair.passedArrived();
    if (event.type === 'caught-up' && direction === 'pull') settling.liveEnded();
  };
  const start = async () => {
    await ensureFilled();
    const opened = await pair.get();
    if (!opened || !isLive || live || signal.aborted) return;
    const { remote } = opened;
    live = createMainSync({ local, remote, pending, pauseAfter: options.pauseAfter, recovery, onEvent });
    await live.run();
  };
  return {
    current: () => live,
    set(isWanted) {
      isLive = isWanted;
      if (isWanted) start().catch(() => {});
      else if (live) {
        live.stop();
        live = null;
        void pair.current().then((opened) => opened?.reset());
      }
    },
    stop: () => live?.stop(),
  };
}
