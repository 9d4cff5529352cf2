import { isMonth } from '../schema/database-names.ts';
import { createAccount } from './account/account.ts';
import { createAuthorizedFetch } from './account/authorized-fetch.ts';
import { patientFetch } from './account/read-answer.ts';
import { requestJson } from './account/request-json.ts';
import { createRetryAfter } from './account/retry-after.ts';
import { createServerClock } from './account/server-clock.ts';
import { createSessionStore } from './account/session-store.ts';
import { createTokenRenewal } from './account/token-renewal.ts';
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
import { createVersions } from './local/versions.ts';
import { createPouchOpener } from './pouch/open-pouch.ts';
import { countUnpushed } from './replication/pending-changes.ts';
import { createRefused } from './replication/refused.ts';
import { createServerAccess } from './replication/server-access.ts';
import { createSyncControl, type SyncControl } from './replication/sync-control.ts';
import { createSyncEngine } from './replication/sync-engine.ts';
import { reportUnexpected } from './signal.ts';
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
  const accessFor = ({ space, refused: store }: SpaceWorkspace) =>
    createServerAccess({
      url,
      fetcher: authorized,
      opener,
      sessions,
      userId: space.userId,
      refused: store,
      iso,
    });
  const current = await createWorkspaceSwitch({
    opener,
    names,
    sessions,
    storage,
    device,
    iso,
    beforeSwitch: async () => control?.halt(),
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
    if ((await countAllLocalOnly()) > 0) await control?.api.now().catch(() => {});
    const count = await countAllLocalOnly();
    if (count > 0) throw new UnpushedChangesError(count);
  };
  const autosaves = new Set<Autosave>();
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
    createFlows({ current, iso, userId: () => sessions.read()?.user.id, autosave }),
  );
  const conflicts = withClientErrors(createConflicts(current, iso));
  const refused = createRefused({
    current,
    async openRemote(workspace, place) {
      const access = accessFor(workspace);
      if (isMonth(place)) await access.provision(place);
      return access.open(place);
    },
  });

  control = createSyncControl({
    environment,
    lockName: `${scope}:sync`,
    sessions,
    status,
    tabs,
    isOpen: () => current.get().userId === sessions.read()?.user.id,
    startEngine() {
      if (current.wasEvicted()) status.dispatch({ type: 'evicted' });
      return createSyncEngine({
        workspace: current.get(),
        access: accessFor(current.get().personal),
        environment,
        clock,
        retryAfter,
        runsPullMilliseconds: options.runsPullMilliseconds ?? defaultRunsPull,
        dispatch: status.dispatch,
        onFirstSync: () => current.noteFilled(),
      });
    },
  });
  const { close: closeControl, api: sync, reconsider } = control;
  const endings = [
    conflicts.watch((list) => status.dispatch({ type: 'conflicts', count: list.length })),
    refused.subscribe((list) => status.dispatch({ type: 'refused', count: list.length })),
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
