import type { Month } from '../../schema/database-names.ts';
import { getOrNull } from '../local/local-documents.ts';
import { currentMonths, type LocalSpace } from '../local/open-space.ts';
import type { Pouch, PouchError, Replication, ReplicationChange } from '../pouch/pouch-types.ts';
import { countUnpushed, createPendingChanges, type PendingChanges } from './pending-changes.ts';
import type { RefusedStore } from './refused-store.ts';

/** Replicates the months of runs, each once when there is reason to, since a browser has few connections to keep open. */
export interface RunsSync {
  /** Pushes and pulls every month now. */
  run: () => Promise<void>;
  pendingCount: () => number;
  stop: () => Promise<void>;
}

interface RunsSyncOptions {
  space: LocalSpace;
  openRemote: (month: Month, pending: PendingChanges) => Promise<Pouch>;
  /** The months that the server has. */
  remoteMonths: () => Promise<Month[]>;
  /** Makes a month on the server; fails with status 410 where it keeps that month no more. */
  provision: (month: Month) => Promise<void>;
  now: () => number;
  /** Milliseconds to wait after so many failures in a row. */
  pauseAfter: (failures: number) => number;
  onPending: () => void;
  onFailure: (error: unknown) => void;
  onGone: (month: Month) => Promise<void>;
}

const gatherMilliseconds = 700;
const batch = 200;

export function createRunsSync(options: RunsSyncOptions): RunsSync {
  const { space, openRemote, remoteMonths, provision, now, pauseAfter, onPending, onFailure, onGone } =
    options;
  const pendings = new Map<Month, PendingChanges>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let stopped = false;
  let chain: Promise<void> = Promise.resolve();
  let running: { cancel(): void } | null = null;

  const pendingOf = async (month: Month): Promise<PendingChanges> => {
    const db = await space.runs(month);
    const known = pendings.get(month);
    if (known) return known;
    const pending = createPendingChanges(db);
    pendings.set(month, pending);
    pending.onChange(() => {
      onPending();
      if (pending.count() > 0) schedule(gatherMilliseconds);
    });
    await pending.ready();
    return pending;
  };
  const replicate = async (month: Month, isThere: boolean): Promise<void> => {
    const pending = await pendingOf(month);
    if (!isThere && pending.count() === 0) return;
    if (!isThere) await provision(month);
    const local = await space.runs(month);
    const remote = await openRemote(month, pending);
    const once = async (begin: () => Replication): Promise<ReplicationChange | null> => {
      if (stopped) return null;
      const replication = begin();
      running = replication;
      return replication;
    };
    const push = async () => {
      const pushed = await once(() => local.replicate.to(remote, { batch_size: batch }));
      if (pushed) pending.passed(Number(pushed.last_seq));
    };
    await push();
    const pulled = await once(() => local.replicate.from(remote, { batch_size: batch }));
    // Passes over what has just arrived, and takes along what was written here meanwhile.
    if (pulled && pulled.docs_written > 0) await push();
    await pending.flush();
  };
  const giveUp = async (month: Month): Promise<void> => {
    const pending = pendings.get(month);
    const { update_seq } = await (await space.runs(month)).info();
    await onGone(month);
    // What is refused waits for nothing; a dropped month is forgotten.
    if (space.months().includes(month)) {
      pending?.passed(Number(update_seq));
      await pending?.flush();
    } else {
      pendings.delete(month);
      await pending?.close();
    }
  };
  const runAll = async (): Promise<void> => {
    const current = currentMonths(now());
    const remote = await remoteMonths();
    const wanted = new Set([...space.months(), ...remote.filter((month) => current.includes(month))]);
    let fault: unknown;
    for (const month of [...wanted].toSorted((a, b) => (a < b ? 1 : -1))) {
      if (stopped) return;
      try {
        await replicate(month, remote.includes(month));
      } catch (error) {
        if (isGone(error)) await giveUp(month);
        else if (isOfOneDatabase(error)) fault ??= error;
        else throw error;
      }
    }
    if (fault !== undefined) throw fault;
  };
  const run = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const next = chain.then(runAll);
    chain = next.then(
      () => {
        failures = 0;
      },
      (error: unknown) => {
        if (stopped) return;
        failures += 1;
        onFailure(error);
        schedule(pauseAfter(failures));
      },
    );
    return next;
  };
  const schedule = (milliseconds: number) => {
    if (stopped) return;
    timer ??= setTimeout(() => void run().catch(() => {}), milliseconds);
  };
  const openAll = async () => {
    await Promise.all(space.months().map(pendingOf));
  };
  const unsubscribe = space.onMonths(() => void openAll().catch(onFailure));
  void openAll().then(onPending, onFailure);
  return {
    run,
    pendingCount: () => [...pendings.values()].reduce((sum, pending) => sum + pending.count(), 0),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      unsubscribe();
      running?.cancel();
      await Promise.all([...pendings.values()].map((pending) => pending.close()));
    },
  };
}

function isGone(error: unknown): boolean {
  return (error as PouchError | null)?.status === 410;
}

/** Whether other databases may fare better: neither the network nor the whole server stands behind it. */
function isOfOneDatabase(error: unknown): boolean {
  const status = (error as PouchError | null)?.status ?? 0;
  return status >= 400 && status < 500 && status !== 401 && status !== 429;
}

/**
 * Drops months that nobody needs here any more: neither recent, nor unfinished, nor waiting to be sent, nor with runs
 * that the server refused and nobody else has.
 */
export async function dropOldMonths(space: LocalSpace, refused: RefusedStore, now: number): Promise<void> {
  const places = new Set((await refused.list()).map(({ place }) => place));
  const recent = currentMonths(now);
  for (const month of space.months()) {
    if (month >= (recent.at(-1) ?? '') || places.has(month)) continue;
    const db = await space.runs(month);
    // What was never pushed has no note of a push; local-only data stays.
    const wasPushed = (await getOrNull(db, '_local/pushed')) !== null;
    if (!wasPushed || (await countUnpushed(db)) > 0 || (await hasUnfinished(db))) continue;
    await space.dropMonth(month);
  }
}

async function hasUnfinished(db: Pouch): Promise<boolean> {
  const { rows } = await db.allDocs({ include_docs: true });
  return rows.some(({ doc }) => doc?.status === 'running');
}
