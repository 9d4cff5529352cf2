import { isStatus } from '../local/local-documents.ts';
import type { Direction } from '../status/sync-facts.ts';
import { allOf } from './all-of.ts';
import { createBatches } from './batches.ts';
import { createDatabaseReport, type DatabaseReport } from './database-report.ts';
import type { DatabaseSync, DatabaseSyncOptions } from './database-sync-types.ts';
import { createFilling } from './filling.ts';
import type { Pair } from './pair.ts';
import { createPendingChanges } from './pending-changes.ts';
import { createPlainLive } from './plain-live.ts';
import { createRetrying } from './retrying.ts';
import { createRinging } from './ringing.ts';
import { createSaving } from './saving.ts';
import { createServerPair } from './server-pair.ts';
import { createSettling } from './settling.ts';
import { createTimers } from './timers.ts';

const confirmMilliseconds = 1_000;

/** Makes the sync of one database and tells the status of it; nothing is transferred before it is asked for. */
export function createDatabaseSync(options: DatabaseSyncOptions): DatabaseSync {
  const { ref, local, scheduler, dispatch, recovery, fill: bootstrap } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const pending = createPendingChanges(local);
  const timers = createTimers(signal);
  const { later, forget } = timers;

  const settling = createSettling(
    () => pending.count() > 0,
    () => options.onSettled(pending.sequence()),
  );
  const report: DatabaseReport = createDatabaseReport(ref, options.iso, (event) => {
    if (!signal.aborted) dispatch(event);
  });
  const pair = createServerPair({ ...options, pending, report, signal });
  const saving = createSaving(pair, pending, timers);
  const retrying = createRetrying({
    ...options,
    report,
    timers,
    attempt: (direction) => quietly(direction),
  });
  const batches = createBatches(pending, () => retrying.sentAway('push'));
  const finish = (direction: Direction) => {
    retrying.succeeded(direction);
    settling.ended(direction);
  };
  const afterBatch = (direction: Direction, written: number) => {
    if (written === 0) return;
    settling.moved(direction);
    saving.moved(written);
    // The hint of this very push does it sooner, where there are hints.
    if (direction === 'push') later('confirm', confirmMilliseconds, () => quietly('pull'));
  };
  /** Sends nothing where nothing waits: the push passes over what has come. */
  const passArrived = async (opened: Pair): Promise<void> => {
    if (pending.count() > 0) return quietly('push');
    while ((await batches.push(opened)).more);
  };
  const step = async (direction: Direction): Promise<boolean> => {
    if (signal.aborted) return false;
    const sentAway = retrying.sentAway(direction);
    if (sentAway !== null) {
      retrying.waitOut();
      throw sentAway;
    }
    let isHeard = false;
    report.connecting(direction);
    if (direction === 'pull') {
      forget('confirm');
      settling.pullBegins();
    }
    try {
      const opened = await pair.get();
      if (opened) {
        const batch = await batches[direction](opened);
        ringing.seen(direction === 'pull' ? batch.seen : 0);
        report.transferred(direction, batch);
        afterBatch(direction, batch.written);
        // A push that has nothing to send asks nothing.
        isHeard = direction === 'pull' || batch.written > 0;
        if (batch.more) return true;
        if (direction === 'pull' && settling.hasMoved()) {
          await passArrived(opened).catch(() => quietly('push'));
        }
      }
      finish(direction);
      if (isHeard) recovery.heard();
      return false;
    } catch (error) {
      fail(direction, error);
      throw error;
    }
  };
  const fail = (direction: Direction, error: unknown) => {
    if (signal.aborted) return;
    // The server has it no more, or not yet: it may have to be made.
    if (isStatus(error, 404)) pair.forget();
    if (direction === 'pull') settling.pullFails();
    retrying.failed(direction, error);
    options.onFailure(error, direction);
  };
  const ensureFilled = createFilling({
    ref,
    scheduler: options.fillScheduler,
    async fill() {
      report.connecting('pull');
      const opened = await pair.get();
      const rest = { onArrival: pair.arrival, onProgress: report.filling(), signal };
      if (opened) await bootstrap({ local, remote: opened.remote, ...rest });
      return opened !== null;
    },
    onFailure: (error) => fail('pull', error),
  });
  const run = async (direction: Direction): Promise<void> => {
    const live = plain.current();
    if (live) return live.run();
    if (direction === 'pull') await ensureFilled();
    await scheduler.run({ space: ref.sync, key: `${ref.place} ${direction}`, step: () => step(direction) });
  };
  /** As asked for by nobody: not while the server wants to be left alone. */
  const runUnasked = async (direction: Direction): Promise<void> => {
    if (plain.current() || signal.aborted) return;
    const milliseconds = options.busyMilliseconds();
    if (milliseconds > 0) later(`${direction} after all`, milliseconds, () => quietly(direction));
    else await run(direction);
  };
  const quietly = (direction: Direction) => {
    runUnasked(direction).catch(() => {});
  };
  const ringing = createRinging(() => runUnasked('pull'), signal);
  const plain = createPlainLive({ ...options, pair, pending, report, settling, signal, ensureFilled });
  const unsubscribe = pending.onChange(() => {
    report.pending(pending.count());
    const milliseconds = options.gatherMilliseconds();
    if (milliseconds === null || pending.count() === 0) return;
    plain.current()?.hurryPush();
    later('push', milliseconds, () => quietly('push'));
  });
  dispatch({ type: 'opened', ...ref });
  void pending.ready().then(
    () => report.pending(pending.count()),
    () => {},
  );
  return {
    ...ref,
    pending,
    run,
    retry: retrying.retry,
    ring: () => {
      if (plain.current()) return;
      batches.hint();
      ringing.ring();
    },
    async runBoth() {
      try {
        const live = plain.current();
        await allOf(live ? [live.run()] : [run('push'), run('pull')]);
        // What came while the push ran is passed over, what was made meanwhile is sent.
        if (!plain.current()) await run('push');
      } finally {
        await pending.flush().catch(() => {});
      }
      await saving.save().catch(() => {});
    },
    setLive: plain.set,
    async close() {
      ending.abort();
      retrying.close();
      unsubscribe();
      plain.stop();
      dispatch({ type: 'closed', ...ref });
      await pending.close();
    },
  };
}
