import { isMonth } from '../schema/database-names.ts';
import { createAccount } from './account/account.ts';
import { createAssets, fetchAssetFrom } from './assets/assets.ts';
import { createQuestions } from './account/questions.ts';
import { shareStorage } from './background/shared-storage.ts';
import { createConflicts } from './conflicts/conflicts.ts';
import { forgivingStorage, platformEnvironment, platformStorage } from './environment.ts';
import { withClientErrors } from './client-errors.ts';
import { connect } from './connect.ts';
import { createEngineStarter } from './engine-starter.ts';
import { UnpushedChangesError } from './errors.ts';
import { createAutosaves } from './local/autosaves.ts';
import { createDevices } from './local/devices.ts';
import { createExecutions } from './local/executions.ts';
import { createFlows } from './local/flows.ts';
import { importBackup } from './local/import-backup.ts';
import { localNames } from './local/names.ts';
import { createSettings, readSettings } from './local/settings.ts';
import { createVersions } from './local/versions.ts';
import { createPouchOpener } from './pouch/open-pouch.ts';
import { createRefused } from './replication/refused.ts';
import { createServerAccess } from './replication/server-access.ts';
import { createSyncControl, type SyncControl } from './replication/sync-control.ts';
import { createReportOnce } from './report-once.ts';
import { reportUnexpected } from './signal.ts';
import { createAsk } from './spaces/ask.ts';
import { countLocalOnly } from './spaces/count-local-only.ts';
import { createNotices } from './spaces/notices-api.ts';
import { createSharing } from './spaces/sharing.ts';
import { createSpaces } from './spaces/spaces-api.ts';
import { createStatusStore } from './status/status-store.ts';
import { createTabs } from './tabs.ts';
import type { FlowsApi } from './flow-types.ts';
import type { Settee, SetteeOptions } from './settee-types.ts';
import type { SyncSettings } from './sync-types.ts';
import { createWorkspaceSwitch } from './workspace-switch.ts';

const defaultRunsPull = 60_000;

/** Opens the local databases and starts to sync; resolves without a network. */
export async function createSettee(options: SetteeOptions): Promise<Settee> {
  const url = options.url.replace(/\/+$/, '');
  const environment = { ...platformEnvironment(), ...options.environment };
  const names = localNames(options.name ?? 'settee', url);
  const { scope } = names;
  const ownStorage = options.storage ?? platformStorage();
  const shared = options.backgroundSync === true ? await shareStorage(ownStorage, scope) : null;
  const storage = forgivingStorage(shared ?? ownStorage);

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
  const connection = connect({
    url,
    fetcher: options.fetch ?? fetch.bind(globalThis),
    environment,
    storage,
    scope,
    deviceName: options.device?.name,
    onSessionEnded: sessionChanged,
  });
  const { clock, sessions, device, patient, authorized } = connection;
  const { iso } = clock;
  const accessFor = (userId: string | null) =>
    createServerAccess({ url, fetcher: authorized, opener, sessions, userId, iso });
  const autosaves = createAutosaves(options.autosaveMilliseconds);
  const ask = createAsk(authorized, url);
  const questions = createQuestions(authorized, url);
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
    // What waits to be written there is kept with the rest.
    beforeDrop: autosaves.flush,
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
  const assertPushed = async () => {
    await autosaves.flush();
    await current.get().settle();
    if ((await countLocalOnly(current.get())) > 0) await control?.api.now().catch(() => {});
    const count = await countLocalOnly(current.get());
    if (count > 0) throw new UnpushedChangesError(count);
  };
  const flows: FlowsApi = withClientErrors(
    createFlows({
      current,
      iso,
      userId: () => sessions.read()?.user.id,
      autosave: (flowId) => autosaves.open(flowId, flows),
      sharing: createSharing({ current, ask, sync: async () => control?.api.now() }),
    }),
  );
  const report = createReportOnce();
  const conflicts = withClientErrors(
    createConflicts(current, iso, {
      rules: () => chosen.conflicts ?? {},
      leads: () => control?.leads() ?? false,
      report,
    }),
  );
  const refused = createRefused({
    current,
    async openRemote(workspace, place) {
      const access = accessFor(current.get().userId);
      if (isMonth(place)) await access.provision(workspace, place);
      return access.open(workspace, place);
    },
  });

  const assets = withClientErrors(
    createAssets({
      current,
      now: clock.now,
      fetchAsset: fetchAssetFrom((space, place) => accessFor(current.get().userId).open(space, place)),
    }),
  );
  const settings = withClientErrors(createSettings(current, iso));
  control = createSyncControl({
    environment,
    lockName: `${scope}:sync`,
    sessions,
    status,
    tabs,
    isOpen: () => current.get().userId === sessions.read()?.user.id,
    settings: await readSettings(current.get()).catch(() => ({})),
    isManual: options.sync === 'manual',
    startEngine: createEngineStarter({
      url,
      connection,
      environment,
      status,
      current,
      accessFor,
      conflicts,
      report,
      pollMilliseconds: options.runsPullMilliseconds ?? defaultRunsPull,
    }),
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
      createExecutions({ current, now: clock.now, fetchRun: questions.fetchRun, assets }),
    ),
    spaces: withClientErrors(createSpaces({ current, ask, askAnybody: createAsk(patient, url), hurry })),
    notices: withClientErrors(createNotices(current)),
    assets,
    conflicts,
    refused,
    devices: createDevices({ current, identity: device, iso, lastSyncs: questions.lastSyncs }),
    settings,
    status: status.api,
    sync,
    importBackup: async (backup) => importBackup(current.get().personal, backup, iso()),
    close: () => (closing ??= close()),
  };

  async function close() {
    const written = await Promise.allSettled([autosaves.close()]);
    for (const end of endings) end();
    await closeControl();
    tabs.close();
    await current.close();
    shared?.close();
    // Closed all the same, but not as if nothing were lost.
    const failed = written.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

function countBySpace(list: { spaceId: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { spaceId } of list) counts[spaceId] = (counts[spaceId] ?? 0) + 1;
  return counts;
}
