import type { RetryAfter } from '../account/retry-after.ts';
import type { ServerClock } from '../account/server-clock.ts';
import { isMonth, type Month } from '../../schema/database-names.ts';
import type { Environment } from '../environment.ts';
import { offerDocument } from './offer-document.ts';
import { createPendingChanges, listUnpushed } from './pending-changes.ts';
import type { SyncEvent } from '../status/sync-status.ts';
import type { SpaceWorkspace, Workspace } from '../workspace.ts';
import { backoffMilliseconds } from './backoff.ts';
import { createMainSync, failure, type MainSync } from './main-sync.ts';
import { createRunsSync, dropOldMonths } from './runs-sync.ts';
import type { ServerAccess } from './server-access.ts';

/** Sync of one workspace, in the one tab that does it. */
export interface SyncEngine {
  /** Pushes and pulls all there is; rejects where that fails. */
  now: () => Promise<void>;
  stop: () => Promise<void>;
}

interface EngineOptions {
  workspace: Workspace;
  access: ServerAccess;
  environment: Environment;
  clock: ServerClock;
  retryAfter: RetryAfter;
  runsPullMilliseconds: number;
  dispatch: (event: SyncEvent) => void;
  /** Both directions have caught up for the first time since the start. */
  onFirstSync: () => void;
}

export function createSyncEngine(options: EngineOptions): SyncEngine {
  const { access, environment, clock, retryAfter, dispatch, onFirstSync } = options;
  const workspace = options.workspace.personal;
  const { space, refused } = workspace;
  const pending = createPendingChanges(space.main);
  let main: MainSync | null = null;
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let hasSynced = false;

  const pauseAfter = (count: number) =>
    Math.max(backoffMilliseconds(count, environment.random()), retryAfter.remaining());
  const countPending = () => {
    if (!stopped) dispatch({ type: 'pending-push', count: pending.count() + runs.pendingCount() });
  };
  const runs = createRunsSync({
    space,
    remoteMonths: async () => (await access.personalSpace()).months,
    provision: access.provision,
    openRemote: (month, monthPending) => access.open(month, monthPending.expect),
    now: clock.now,
    pauseAfter,
    onPending: countPending,
    onFailure: () => {
      // The main database's replication meets the same network and reports it.
    },
    onGone: (month) => refuseMonth(workspace, month, clock.iso()),
  });
  const prepare = async (): Promise<MainSync> => {
    if (main) return main;
    const remote = await access.open('main', pending.expect);
    main ??= createMainSync({
      local: space.main,
      remote,
      pending,
      pauseAfter,
      iso: clock.iso,
      dispatch: (event) => {
        if (!stopped) dispatch(event);
      },
    });
    return main;
  };
  const runMain = async (): Promise<void> => {
    clearTimeout(retry);
    for (const direction of ['push', 'pull'] as const) dispatch({ type: 'connecting', direction });
    try {
      const sync = await prepare();
      if (stopped) return;
      failures = 0;
      await sync.run();
      if (hasSynced) return;
      hasSynced = true;
      onFirstSync();
      void offerRefused(workspace, access, () => stopped);
    } catch (error) {
      if (main || stopped) throw error;
      failures += 1;
      for (const direction of ['push', 'pull'] as const) {
        dispatch(failure(direction, error));
      }
      retry = setTimeout(start, pauseAfter(failures));
      throw error;
    }
  };
  const now = async (): Promise<void> => {
    const outcomes = await Promise.allSettled([runMain(), runs.run()]);
    await pending.flush();
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  };
  const start = () => void now().catch(() => {});
  const pullRuns = () => {
    if (environment.isVisible()) void runs.run().catch(() => {});
  };
  const unlisten = environment.onChange((change) => {
    if (change === 'online') start();
    if (change === 'focus' || change === 'visible') pullRuns();
  });
  const timer = setInterval(pullRuns, options.runsPullMilliseconds);
  const unsubscribe = pending.onChange(countPending);
  void pending.ready().then(countPending, () => {});
  void dropOldMonths(space, refused, clock.now()).catch(() => {});
  start();
  return {
    now,
    async stop() {
      stopped = true;
      clearTimeout(retry);
      clearInterval(timer);
      unlisten();
      unsubscribe();
      main?.stop();
      await Promise.all([runs.stop(), pending.close()]);
    },
  };
}

/** What was refused once may be taken now: rules change, months are allowed, and engines recover. */
async function offerRefused(
  { space, refused }: SpaceWorkspace,
  access: ServerAccess,
  isStopped: () => boolean,
): Promise<void> {
  for (const { docId, place } of await refused.list().catch(() => [])) {
    if (isStopped()) return;
    try {
      if (isMonth(place)) {
        if (!space.months().includes(place)) continue;
        await access.provision(place);
      }
      const local = isMonth(place) ? await space.runs(place) : space.main;
      await offerDocument(local, await access.open(place), docId);
    } catch {
      // It stays in the list.
    }
  }
}

/** A month that the server does not take: what was pushed goes, what was not is listed as refused and stays. */
async function refuseMonth({ space, refused }: SpaceWorkspace, month: Month, at: string): Promise<void> {
  const db = await space.runs(month);
  const unpushed = await listUnpushed(db);
  const reason = 'The server takes no runs of this month.';
  for (const document of unpushed) await refused.add({ ...document, reason, at, place: month });
  const isNeeded = (await refused.list()).some(({ place }) => place === month);
  if (!isNeeded) await space.dropMonth(month);
}
