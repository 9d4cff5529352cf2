import { isMonth } from '../schema/database-names.ts';
import { createAccount } from './account/account.ts';
import { createAuthorizedFetch } from './account/authorized-fetch.ts';
import { bootstrapDatabase } from './bootstrap/bootstrap.ts';
import { createStreamingFetch } from './bootstrap/streaming-fetch.ts';
import { patientFetch } from './account/read-answer.ts';
import { requestJson } from './account/request-json.ts';
import { createRetryAfter } from './account/retry-after.ts';
import { createServerClock } from './account/server-clock.ts';
import { createSessionStore } from './account/session-store.ts';
import { createTokenRenewal } from './account/token-renewal.ts';
import { afterSync } from './conflicts/after-sync.ts';
import { createConflicts } from './conflicts/conflicts.ts';
import { forgivingStorage, platformEnvironment, platformStorage } from './environment.ts';
import { withClientErrors } from './client-errors.ts';
import { UnpushedChangesError } from './errors.ts';
import { createAutosave } from './local/autosave.ts';
import { createDeviceIdentity, createDevices } from './local/devices.ts';
import { createExecutions } from './local/executions.ts';
import { createFlows } from './local/flows.ts';
import { importBackup } from './local/import-backup.ts';
import { localNames } from './local/names.ts';
import { createSettings, readSettings } from './local/settings.ts';
import { createVersions } from './local/versions.ts';
import { createPouchOpener } from './pouch/open-pouch.ts';
import { countUnpushed } from './replication/pending-changes.ts';
import { createRefused } from './replication/refused.ts';
import { createServerAccess } from './replication/server-access.ts';
import { createSyncControl, type SyncControl } from './replication/sync-control.ts';
import { createSyncEngine } from './replication/sync-engine.ts';
import { createLiveStream } from './live/stream.ts';
import { createOpenStream } from './live/open-stream.ts';
import { reportUnexpected } from './signal.ts';
import { createAsk } from './spaces/ask.ts';
import { createNotices } from './spaces/notices-api.ts';
import { createSharing } from './spaces/sharing.ts';
import { createSpaces } from './spaces/spaces-api.ts';
import { createStatusStore } from './status/status-store.ts';
import { createTabs } from './tabs.ts';
import type { Autosave, Execution, Settee, SetteeOptions } from './types.ts';
import { createWorkspaceSwitch } from './workspace-switch.ts';
import type { SpaceWorkspace } from './workspace.ts';

const defaultRunsPull = 60_000;
const defaultAutosave = 2_000;

/** Opens the local databases and starts to sync; resolves without a network. */
export async function createSettee(options: SetteeOptions): Promise<Settee> {
  const url = options.url.replace(/\/+$/, '');
  const fetcher = options.fetch ?? fetch.bind(globalThis);
  const environment = { ...platformEnvironment(), ...options.environment };
  const storage = forgivingStorage(options.storage ?? platformStorage());
  const names = localNames(options.name ?? 'settee', url);
  const { scope } = names;

  const clock = createServerClock(environment, storage, `${scope}:clock`);
  const { iso } = clock;
  const sessions = createSessionStore(storage, `${scope}:session`);
  const device = createDeviceIdentity(storage, `${scope}:device`, { ...options.device, iso });
  const status = createStatusStore();
  const tabs = createTabs(environment, scope);
  const opener = await createPouchOpener(options.adapter);

  let control: SyncControl | null = null;
  let chosen: SyncSettings = {};
  const sessionChanged = () => {
    tabs.post({ type: 'session' });
    account.refresh();
    control?.reconsider();
  };
  // A renewal that never ended would keep its lock, and with it every tab, for ever.
  const patient = patientFetch(fetcher);
  const renewal = createTokenRenewal({
    url,
    fetcher: patient,
    sessions,
    environment,
    lockName: `${scope}:tokens`,
    onEnded: sessionChanged,
  });
  const retryAfter = createRetryAfter(environment);
  const authorized = createAuthorizedFetch({
    fetcher,
    renewal,
    sessions,
    clock,
    retryAfter,
    environment,
    deviceId: device.id,
  });
  const streaming = createStreamingFetch({ fetcher, renewal, retryAfter, deviceId: device.id });
  const accessFor = (userId: string | null) =>
    createServerAccess({ url, fetcher: authorized, opener, sessions, userId, iso });
  const autosaves = new Set<Autosave>();
  const ask = createAsk(authorized, url);
  const hurry = () => void control?.api.now().catch(() => {});
  const current = await createWorkspaceSwitch({
    opener,
    names,
    sessions,
    storage,
    environment,
    device,
    iso,
    beforeSwitch: async () => control?.halt(),
    beforeDrop: async () => {
      // What waits to be written there is kept with the rest.
      await Promise.allSettled([...autosaves].map((open) => open.flush()));
    },
  });
  const account = createAccount({
    url,
    fetcher: patient,
    sessions,
    deviceId: device.id,
    now: environment.now,
    async openUser() {
      try {
        await current.follow();
      } finally {
        sessionChanged();
      }
    },
    async leaveUser({ discardUnpushed }) {
      if (!discardUnpushed) await assertPushed();
      await current.remove();
      sessionChanged();
    },
  });
  const countAllLocalOnly = async () => {
    const counts = await Promise.all(current.get().all().map(countLocalOnly));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const assertPushed = async () => {
    await current.get().settle();
    if ((await countAllLocalOnly()) > 0) await control?.api.now().catch(() => {});
    const count = await countAllLocalOnly();
    if (count > 0) throw new UnpushedChangesError(count);
  };
  const autosave = (flowId: string): Autosave => {
    const created = createAutosave({
      flowId,
      milliseconds: options.autosaveMilliseconds ?? defaultAutosave,
      get: flows.get,
      save: flows.save,
      onClose: () => autosaves.delete(created),
    });
    autosaves.add(created);
    return created;
  };
  const flows = withClientErrors(
    createFlows({
      current,
      iso,
      userId: () => sessions.read()?.user.id,
      autosave,
      sharing: createSharing({ ask, hurry }),
    }),
  );
  const conflicts = withClientErrors(createConflicts(current, iso, {
      rules: () => chosen.conflicts ?? {},
      leads: () => control?.leads() ?? false,
    }));
  const refused = createRefused({
    current,
    async openRemote(workspace, place) {
      const access = accessFor(current.get().userId);
      if (isMonth(place)) await access.provision(workspace, place);
      return access.open(workspace, place);
    },
  });

  const settings = withClientErrors(createSettings(current, iso));
  control = createSyncControl({
    environment,
    lockName: `${scope}:sync`,
    sessions,
    status,
    tabs,
    isOpen: () => current.get().userId === sessions.read()?.user.id,
    settings: await readSettings(current.get()).catch(() => ({})),
    startEngine(pace) {
      const workspace = current.get();
      if (current.wasEvicted()) status.dispatch({ type: 'evicted' });
      return createSyncEngine({
        workspace,
        access: accessFor(workspace.userId),
        environment,
        clock,
        retryAfter,
        pace,
        pollMilliseconds: options.runsPullMilliseconds ?? defaultRunsPull,
        openStream: (handlers) =>
          createLiveStream({
            open: createOpenStream(streaming, `${url}/live`),
            renew: (force) => renewal.token(force ? sessions.read()?.tokens?.access : undefined),
            renewIn: () => (sessions.read()?.tokens?.renewAt ?? 0) - environment.now(),
            random: environment.random,
            ...handlers,
          }),
        fill: ({ remote, ...filling }) =>
          bootstrapDatabase({ ...filling, remote, url: remote.url, fetcher: streaming }),
        dispatch: status.dispatch,
        onFirstSync: () => current.noteFilled(),
        onSettled: (space, pushedThrough) => {
          // A space that is dropped meanwhile has nothing to settle.
          void afterSync(space, { pushedThrough }).catch(() => {});
        },
      });
    },
  });
  const { close: closeControl, api: sync, reconsider } = control;
  const endings = [
    conflicts.watch((list) => status.dispatch({ type: 'conflicts', counts: countBySpace(list) })),
    refused.subscribe((list) => status.dispatch({ type: 'refused', counts: countBySpace(list) })),
    settings.subscribe((next) => {
      chosen = next;
      control?.follow(next);
    }),
    tabs.subscribe((message) => {
      if (message.type !== 'session') return;
      const settle = () => {
        account.refresh();
        reconsider();
      };
      void current.follow().then(settle, (error: unknown) => {
        settle();
        reportUnexpected(error);
      });
    }),
  ];
  let closing: Promise<void> | undefined;
  reconsider();
  void environment.persistStorage().catch(() => false);

  return {
    account: account.api,
    flows,
    versions: withClientErrors(createVersions(current, iso)),
    executions: withClientErrors(
      createExecutions({
        current,
        now: clock.now,
        fetchRun: (id) =>
          requestJson<Execution>(authorized, `${url}/api/executions/${encodeURIComponent(id)}`).catch(
            () => null,
          ),
      }),
    ),
    spaces: withClientErrors(
      createSpaces({ current, ask, askAnybody: createAsk(patient, url), hurry }),
    ),
    notices: withClientErrors(createNotices(current)),
    conflicts,
    refused,
    devices: createDevices({
      current,
      identity: device,
      iso,
      lastSyncs: async () => {
        const { devices } = await requestJson<{ devices: { id: string; lastSyncAt?: string }[] }>(
          authorized,
          `${url}/api/devices`,
        ).catch(() => ({ devices: [] }));
        return new Map(devices.flatMap(({ id, lastSyncAt }) => (lastSyncAt ? [[id, lastSyncAt]] : [])));
      },
    }),
    settings,
    status: status.api,
    sync,
    importBackup: async (backup) => importBackup(current.get().personal, backup, iso()),
    close: () => (closing ??= close()),
  };

  async function close() {
    const written = await Promise.allSettled([...autosaves].map((open) => open.close()));
    for (const end of endings) end();
    await closeControl();
    tabs.close();
    await current.close();
    // Closed all the same, but not as if nothing were lost.
    const failed = written.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

/** How many documents would be lost with the local data. */
async function countLocalOnly({ space, refused }: SpaceWorkspace): Promise<number> {
  const runs = await Promise.all(space.months().map((month) => space.runs(month)));
  const counts = await Promise.all([space.main, ...runs].map(countUnpushed));
  return counts.reduce((sum, count) => sum + count, (await refused.list()).length);
}

function countBySpace(list: { spaceId: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { spaceId } of list) counts[spaceId] = (counts[spaceId] ?? 0) + 1;
  return counts;
}
