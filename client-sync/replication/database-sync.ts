import type { Pouch } from '../pouch/pouch-types.ts';
import type { DatabaseRef, Direction, SyncEvent } from '../status/sync-facts.ts';
import { createDatabaseReport, type DatabaseReport } from './database-report.ts';
import { createMainSync, type MainSync } from './main-sync.ts';
import { createPair, type Pair } from './pair.ts';
import { createPendingChanges, type PendingChanges } from './pending-changes.ts';
import type { Batch } from './pull.ts';
import type { RemoteDatabase } from './remote-database.ts';
import { allOf } from './all-of.ts';
import { createRinging } from './ringing.ts';
import type { Scheduler } from './scheduler.ts';

/** Sync of one local database, in one-shot replications. */
export interface DatabaseSync extends DatabaseRef {
  pending: PendingChanges;
  /** Transfers all there is in one direction; rejects where that fails, and tries again later. */
  run: (direction: Direction) => Promise<void>;
  /** Pushes and pulls, and writes down how far that went. */
  runBoth: () => Promise<void>;
  /** The server says that something was written: pulls, and again a little later where nothing is seen yet. */
  ring: () => void;
  /** Tries now what has failed, whatever pause there is. */
  retry: () => void;
  /** Whether plain live replication takes the place of one-shots. */
  setLive: (isLive: boolean) => void;
  close: () => Promise<void>;
}

export interface DatabaseSyncOptions {
  ref: DatabaseRef;
  local: Pouch;
  /** The server's database, or null where there is none and nothing that would need one. */
  open: (pending: PendingChanges, arrival: Arrival, signal: AbortSignal) => Promise<RemoteDatabase | null>;
  /** Fills the local database before its first pull. */
  fill: (filling: Filling) => Promise<unknown>;
  scheduler: Scheduler;
  /** For what takes long in one step, so that it holds up no edits. */
  fillScheduler: Scheduler;
  /** Whether edits are sent without being asked for, and how many milliseconds they gather. */
  gatherMilliseconds: () => number | null;
  /** Whether what was made here is sent without asking first; not for those who may write nothing. */
  maySendUnasked: () => boolean;
  pauseAfter: (failures: number) => number;
  /** How long the server has asked to be left alone. */
  busyMilliseconds: () => number;
  iso: () => string;
  dispatch: (event: SyncEvent) => void;
  onFailure: (error: unknown, direction: Direction) => void;
  /** A pull that began after the last push has passed, and nothing waits. */
  onSettled: (pushedThrough: number) => void;
}

export interface Filling {
  local: Pouch;
  remote: RemoteDatabase;
  onArrival: Arrival;
  onProgress: (progress: { documents: number; pending: number }) => void;
  signal: AbortSignal;
}

export type Arrival = (docId: string, revision: string) => void;

const saveMilliseconds = 30_000;
/** So many documents are not looked at twice for want of a checkpoint. */
const saveDocuments = 500;
const confirmMilliseconds = 1_000;
const nothing: Batch = { sequence: 0, seen: 0, written: 0, more: false };

export function createDatabaseSync(options: DatabaseSyncOptions): DatabaseSync {
  const { ref, local, scheduler, dispatch } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const pending = createPendingChanges(local);
  /** What came from the server and was not passed by the push yet. */
  const arrived = new Set<string>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  let opening: Promise<Pair | null> | null = null;
  let filling: Promise<void> | null = null;
  let live: MainSync | null = null;
  let isLive = false;
  let failures = 0;
  let lastError: unknown = null;
  let unsaved = 0;
  let pushing: Promise<Batch> = Promise.resolve(nothing);
  let pushes = 0;
  let confirmed = 0;
  let beganAfter = 0;
  let isPulling = false;
  /** Something was moved since it was last told that all is settled. */
  let hasMoved = true;

  const later = (name: string, milliseconds: number, work: () => unknown) => {
    if (signal.aborted || timers.has(name)) return;
    const begin = () => {
      timers.delete(name);
      work();
    };
    timers.set(name, setTimeout(begin, milliseconds));
  };
  const forget = (name: string) => {
    clearTimeout(timers.get(name));
    timers.delete(name);
  };
  const arrival: Arrival = (docId, revision) => {
    arrived.add(`${docId}@${revision}`);
    pending.expect(docId, revision);
  };
  const report: DatabaseReport = createDatabaseReport(ref, options.iso, (event) => {
    if (!signal.aborted) dispatch(event);
  });
  const open = (): Promise<Pair | null> => {
    const pair = opening ?? openPair();
    opening = pair;
    pair.then(
      (opened) => {
        if (opened === null && opening === pair) opening = null;
      },
      () => {
        if (opening === pair) opening = null;
      },
    );
    return pair;
  };
  const openPair = async (): Promise<Pair | null> => {
    await pending.ready();
    const remote = await options.open(pending, arrival, signal);
    if (!remote) return null;
    return createPair({
      local,
      remote,
      isThere: (docId, revision) => arrived.delete(`${docId}@${revision}`),
      isNew: (docId, revision) => options.maySendUnasked() && pending.isNew(docId, revision),
      onActive: report.active,
    });
  };
  const save = async () => {
    forget('save');
    unsaved = 0;
    await (await opening)?.save();
    await pending.flush();
  };
  const saveSoon = (written: number) => {
    unsaved += written;
    later('save', saveMilliseconds, () => void save().catch(() => {}));
    if (unsaved >= saveDocuments) void save().catch(() => {});
  };
  const finish = (direction: Direction) => {
    failures = 0;
    lastError = null;
    forget('retry');
    report.caughtUp(direction);
    if (direction === 'pull') {
      isPulling = false;
      confirmed = beganAfter;
    }
    tellSettled(confirmed === pushes);
  };
  const tellSettled = (isConfirmed: boolean) => {
    if (!hasMoved || !isConfirmed || pending.count() > 0) return;
    hasMoved = false;
    options.onSettled(pending.sequence());
  };
  const afterBatch = (direction: Direction, written: number) => {
    if (written === 0) return;
    hasMoved = true;
    saveSoon(written);
    if (direction === 'push') {
      pushes += 1;
      // The hint of this very push does it sooner, where there are hints.
      later('confirm', confirmMilliseconds, () => quietly('pull'));
    }
  };
  const pushBatch = (pair: Pair): Promise<Batch> => {
    pushing = pushing
      .then(() => pair.push.step())
      .then((batch) => {
        pending.passed(Number(batch.sequence));
        return batch;
      });
    const next = pushing;
    pushing = next.catch(() => nothing);
    return next;
  };
  /** Sends nothing where nothing waits: the push passes over what has come. */
  const passArrived = async (pair: Pair): Promise<void> => {
    if (pending.count() > 0) return quietly('push');
    while ((await pushBatch(pair)).more);
  };
  const step = async (direction: Direction): Promise<boolean> => {
    if (signal.aborted) return false;
    // Nothing else would come of it.
    if (lastError !== null && options.busyMilliseconds() > 0) throw lastError;
    report.connecting(direction);
    if (direction === 'pull' && !isPulling) {
      forget('confirm');
      isPulling = true;
      beganAfter = pushes;
    }
    try {
      const pair = await open();
      if (pair) {
        const batch = await (direction === 'push' ? pushBatch(pair) : pair.pull.step());
        ringing.seen(direction === 'pull' ? batch.seen : 0);
        report.transferred(direction, batch);
        afterBatch(direction, batch.written);
        if (batch.more) return true;
        if (direction === 'pull' && hasMoved) await passArrived(pair).catch(() => quietly('push'));
      }
      finish(direction);
      return false;
    } catch (error) {
      fail(direction, error);
      throw error;
    }
  };
  const fail = (direction: Direction, error: unknown) => {
    if (signal.aborted) return;
    failures += 1;
    lastError = error;
    if (direction === 'pull') isPulling = false;
    report.failed(direction, error);
    later('retry', options.pauseAfter(failures), retry);
    options.onFailure(error, direction);
  };
  const fill = async (): Promise<boolean> => {
    report.connecting('pull');
    try {
      const pair = await open();
      const onProgress = report.filling();
      if (pair) await options.fill({ local, remote: pair.remote, onArrival: arrival, onProgress, signal });
      else filling = null;
    } catch (error) {
      fail('pull', error);
      throw error;
    }
    return false;
  };
  const ensureFilled = (): Promise<void> => {
    filling ??= options.fillScheduler
      .run({ space: ref.space, key: ref.place, step: fill })
      .catch((error: unknown) => {
        filling = null;
        throw error;
      });
    return filling;
  };
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
  const ringing = createRinging(() => runUnasked('pull'), signal);
  const startLive = async () => {
    await ensureFilled();
    const pair = await open();
    if (!pair || !isLive || live || signal.aborted) return;
    live = createMainSync({
      local,
      remote: pair.remote,
      pending,
      pauseAfter: options.pauseAfter,
      onEvent(direction, event) {
        report.take(direction, event);
        if (event.type === 'failed') options.onFailure(event.error, direction);
        if (event.type === 'transferred') hasMoved = true;
        if (event.type === 'caught-up' && direction === 'pull') tellSettled(true);
      },
    });
    await live.run();
  };
  const unsubscribe = pending.onChange(() => {
    report.pending(pending.count());
    const milliseconds = options.gatherMilliseconds();
    if (milliseconds === null || pending.count() === 0) return;
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
      if (!live) ringing.ring();
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
        void opening?.then((pair) => pair?.reset());
      }
    },
    async close() {
      ending.abort();
      for (const name of timers.keys()) forget(name);
      unsubscribe();
      live?.stop();
      dispatch({ type: 'closed', ...ref });
      await pending.close();
    },
  };
}
