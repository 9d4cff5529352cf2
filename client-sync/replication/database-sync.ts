import { isStatus } from '../local/local-documents.ts';
import type { Direction } from '../status/sync-facts.ts';
import type { Arrival, DatabaseSync, DatabaseSyncOptions } from './database-sync-types.ts';
import { describeFault } from './fault.ts';
import { createFilling } from './filling.ts';
import { createHinted } from './hinted.ts';
import { createDatabaseReport, type DatabaseReport } from './database-report.ts';
import { createMainSync, type MainSync } from './main-sync.ts';
import { createPair, type Pair } from './pair.ts';
import { createPendingChanges } from './pending-changes.ts';
import type { Batch } from './pull.ts';
import { allOf } from './all-of.ts';
import { hurriedFailures } from './recovery.ts';
import { createRinging } from './ringing.ts';
import { openedOnce } from './opened-once.ts';
import { createSettling } from './settling.ts';
import { createTimers } from './timers.ts';

const saveMilliseconds = 30_000;
/** So many documents are not looked at twice for want of a checkpoint. */
const saveDocuments = 500;
const confirmMilliseconds = 1_000;
const nothing: Batch = { sequence: 0, seen: 0, written: 0, more: false };

export function createDatabaseSync(options: DatabaseSyncOptions): DatabaseSync {
  const { ref, local, scheduler, dispatch, recovery, fill: bootstrap } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const pending = createPendingChanges(local);
  /** What came from the server and was not passed by the push yet. */
  const arrived = new Set<string>();
  const { later, forget } = createTimers(signal);
  let live: MainSync | null = null;
  let isLive = false;
  const failures: Record<Direction, number> = { push: 0, pull: 0 };
  const lastErrors: Record<Direction, unknown> = { push: null, pull: null };
  let isHurried = false;
  const hinted = createHinted();
  let unsaved = 0;
  let pushing: Promise<Batch> = Promise.resolve(nothing);

  const settling = createSettling(
    () => pending.count() > 0,
    () => options.onSettled(pending.sequence()),
  );
  const arrival: Arrival = (docId, revision) => {
    arrived.add(`${docId}@${revision}`);
    pending.expect(docId, revision);
  };
  const report: DatabaseReport = createDatabaseReport(ref, options.iso, (event) => {
    if (!signal.aborted) dispatch(event);
  });
  const pair = openedOnce<Pair>(async () => {
    await pending.ready();
    const remote = await options.open(pending, arrival, signal);
    if (!remote) return null;
    return createPair({
      local,
      remote,
      isThere: (docId, revision) => arrived.delete(`${docId}@${revision}`),
      isNew: (docId, revision) => options.maySendUnasked() && pending.isNew(docId, revision),
      onActive: report.active,
      few: (since) => options.few({ remote, since, signal }),
      onArrival: arrival,
    });
  });
  const save = async () => {
    forget('save');
    unsaved = 0;
    await (await pair.current())?.save();
    await pending.flush();
  };
  const saveSoon = (written: number) => {
    unsaved += written;
    later('save', saveMilliseconds, () => void save().catch(() => {}));
    if (unsaved >= saveDocuments) void save().catch(() => {});
  };
  const finish = (direction: Direction) => {
    failures[direction] = 0;
    lastErrors[direction] = null;
    report.caughtUp(direction);
    if (report.failing().length === 0) {
      forget('retry');
      recovery.forget(hurry);
      isHurried = false;
    }
    settling.ended(direction);
  };
  const afterBatch = (direction: Direction, written: number) => {
    if (written === 0) return;
    settling.moved(direction);
    saveSoon(written);
    // The hint of this very push does it sooner, where there are hints.
    if (direction === 'push') later('confirm', confirmMilliseconds, () => quietly('pull'));
  };
  const pushBatch = ({ push }: Pair): Promise<Batch> => {
    const ended = hinted.pushBegins(pending.count() > 0);
    pushing = pushing
      .then(() => {
        // It waited for one that was sent away.
        if (lastErrors.push !== null && options.busyMilliseconds() > 0) throw lastErrors.push;
        return push.step();
      })
      .then((batch) => {
        pending.passed(Number(batch.sequence));
        return batch;
      });
    const next = pushing;
    pushing = next.catch(() => nothing).finally(ended);
    return next;
  };
  const pullBatch = ({ pull }: Pair): Promise<Batch> => {
    return pull.step({ expectsFew: hinted.pullBegins() });
  };
  /** Sends nothing where nothing waits: the push passes over what has come. */
  const passArrived = async (opened: Pair): Promise<void> => {
    if (pending.count() > 0) return quietly('push');
    while ((await pushBatch(opened)).more);
  };
  const step = async (direction: Direction): Promise<boolean> => {
    if (signal.aborted) return false;
    // Nothing else would come of it.
    if (lastErrors[direction] !== null && options.busyMilliseconds() > 0) {
      later('retry', options.busyMilliseconds(), retry);
      throw lastErrors[direction];
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
        const batch = await (direction === 'push' ? pushBatch(opened) : pullBatch(opened));
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
    failures[direction] += 1;
    lastErrors[direction] = error;
    // The server has it no more, or not yet: it may have to be made.
    if (isStatus(error, 404)) pair.forget();
    if (direction === 'pull') settling.pullFails();
    report.failed(direction, error);
    const isPause = later('retry', options.pauseAfter(failures[direction]), retry);
    if (isPause && !isHurried && describeFault(error).fault === 'network') recovery.wait(hurry);
    isHurried = false;
    options.onFailure(error, direction);
  };
  const ensureFilled = createFilling({
    ref,
    scheduler: options.fillScheduler,
    async fill() {
      report.connecting('pull');
      const opened = await pair.get();
      const rest = { onArrival: arrival, onProgress: report.filling(), signal };
      if (opened) await bootstrap({ local, remote: opened.remote, ...rest });
      return opened !== null;
    },
    onFailure: (error) => fail('pull', error),
  });
  const run = async (direction: Direction): Promise<void> => {
    if (live) return live.run();
    if (direction === 'pull') await ensureFilled();
    await scheduler.run({ space: ref.space, key: `${ref.place} ${direction}`, step: () => step(direction) });
  };
  /** As asked for by nobody: not while the server wants to be left alone. */
  const runUnasked = async (direction: Direction): Promise<void> => {
    if (live || signal.aborted) return;
    const milliseconds = options.busyMilliseconds();
    if (milliseconds > 0) later(`${direction} after all`, milliseconds, () => quietly(direction));
    else await run(direction);
  };
  const quietly = (direction: Direction) => {
    runUnasked(direction).catch(() => {});
  };
  const retry = () => {
    for (const failed of report.failing()) quietly(failed);
  };
  /** The server answers others. */
  const hurry = () => {
    for (const failed of report.failing()) failures[failed] = hurriedFailures(failures[failed]);
    forget('retry');
    isHurried = true;
    retry();
  };
  const ringing = createRinging(() => runUnasked('pull'), signal);
  const startLive = async () => {
    await ensureFilled();
    const opened = await pair.get();
    if (!opened || !isLive || live || signal.aborted) return;
    live = createMainSync({
      local,
      remote: opened.remote,
      pending,
      pauseAfter: options.pauseAfter,
      recovery,
      onEvent(direction, event) {
        report.take(direction, event);
        if (event.type === 'caught-up') recovery.heard();
        if (event.type === 'failed') options.onFailure(event.error, direction);
        if (event.type === 'transferred') settling.moved('pull');
        // It asks the server itself, and nobody else would ever take these out.
        if (event.type === 'caught-up' && direction === 'push') arrived.clear();
        if (event.type === 'caught-up' && direction === 'pull') settling.liveEnded();
      },
    });
    await live.run();
  };
  const unsubscribe = pending.onChange(() => {
    report.pending(pending.count());
    const milliseconds = options.gatherMilliseconds();
    if (milliseconds === null || pending.count() === 0) return;
    live?.hurryPush();
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
    retry,
    ring: () => {
      if (live) return;
      hinted.hint();
      ringing.ring();
    },
    async runBoth() {
      try {
        await allOf(live ? [live.run()] : [run('push'), run('pull')]);
        // What came while the push ran is passed over, what was made meanwhile is sent.
        if (!live) await run('push');
      } finally {
        await pending.flush().catch(() => {});
      }
      await save().catch(() => {});
    },
    setLive(wanted) {
      isLive = wanted;
      if (wanted) startLive().catch(() => {});
      else if (live) {
        live.stop();
        live = null;
        void pair.current().then((opened) => opened?.reset());
      }
    },
    async close() {
      ending.abort();
      recovery.forget(hurry);
      unsubscribe();
      live?.stop();
      dispatch({ type: 'closed', ...ref });
      await pending.close();
    },
  };
}
