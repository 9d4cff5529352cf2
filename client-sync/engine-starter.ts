import { bootstrapDatabase } from './bootstrap/bootstrap.ts';
import { readFewLeaves } from './bootstrap/few-leaves.ts';
import { afterSync } from './conflicts/after-sync.ts';
import { createFetchBases } from './conflicts/fetch-bases.ts';
import type { Connection } from './connect.ts';
import type { Environment } from './environment.ts';
import { createOpenStream } from './live/open-stream.ts';
import { createLiveStream } from './live/stream.ts';
import type { Pace } from './replication/pace.ts';
import type { ServerAccess } from './replication/server-access.ts';
import { createSyncEngine } from './replication/sync-engine.ts';
import type { SyncEngine } from './replication/sync-engine-types.ts';
import type { ReportFault } from './report-once.ts';
import type { StatusStore } from './status/status-store.ts';
import type { ConflictsApi } from './conflict-types.ts';
import type { SpaceWorkspace } from './workspace.ts';
import type { WorkspaceSwitch } from './workspace-switch.ts';

interface StarterOptions {
  /** Origin of the server. */
  url: string;
  connection: Connection;
  environment: Environment;
  status: StatusStore;
  current: WorkspaceSwitch;
  accessFor: (userId: string | null) => ServerAccess;
  conflicts: ConflictsApi;
  report: ReportFault;
  pollMilliseconds: number;
}

/** Starts sync of what is open at the time, by one stream, first syncs and one-shot replications. */
export function createEngineStarter(options: StarterOptions): (pace: Pace) => SyncEngine {
  const { url, connection, environment, status, current, conflicts, report } = options;
  const { clock, retryAfter, renewal, sessions, streaming } = connection;
  const fetchBases = createFetchBases();
  const settle = async (space: SpaceWorkspace, pushedThrough: number | null): Promise<void> => {
    await afterSync(space, { pushedThrough, report });
    const left = await conflicts.list();
    const { userId, all } = current.get();
    const found = await fetchBases(space, {
      conflicts: left,
      others: all().filter((other) => other !== space),
      open: (place) => options.accessFor(userId).open(place, 'main'),
    });
    if (found) await conflicts.list();
  };
  return (pace) => {
    const workspace = current.get();
    if (current.wasEvicted()) status.dispatch({ type: 'evicted' });
    return createSyncEngine({
      workspace,
      access: options.accessFor(workspace.userId),
      environment,
      clock,
      retryAfter,
      pace,
      pollMilliseconds: options.pollMilliseconds,
      openStream: (handlers) =>
        createLiveStream({
          open: createOpenStream(streaming, `${url}/live`),
          renew: (force) => renewal.token(force ? sessions.read()?.tokens?.access : undefined),
          renewIn: () => (sessions.read()?.tokens?.renewAt ?? 0) - environment.now(),
          random: () => environment.random(),
          ...handlers,
        }),
      fill: ({ remote, ...filling }) =>
        bootstrapDatabase({ ...filling, remote, url: remote.url, fetcher: streaming }),
      few: ({ remote, since, signal }) =>
        readFewLeaves({ url: remote.url, fetcher: streaming, since, signal }),
      dispatch: status.dispatch,
      onFirstSync: () => current.noteFilled(),
      onSettled: (space, pushedThrough) => {
        // A space that is dropped meanwhile has nothing to settle.
        void settle(space, pushedThrough).catch(() => {});
      },
    });
  };
}
