import { isMonth } from '../schema/database-names.ts';
import { createAccountSwitch } from './account-switch.ts';
import { createAssets, fetchAssetFrom } from './assets/assets.ts';
import { createQuestions } from './account/questions.ts';
import { createConflicts } from './conflicts/conflicts.ts';
import { platformEnvironment } from './environment.ts';
import { withClientErrors } from './client-errors.ts';
import { connect } from './connect.ts';
import { createEngineStarter } from './engine-starter.ts';
import { createFlushTabs } from './flush-tabs.ts';
import { followOtherTabs } from './follow-other-tabs.ts';
import { createAutosaves } from './local/autosaves.ts';
import { createDevices } from './local/devices.ts';
import { createExecutions } from './local/executions.ts';
import { createFlows } from './local/flows.ts';
import { importBackup } from './local/import-backup.ts';
import { localNames } from './local/names.ts';
import { createSettings, readSettings } from './local/settings.ts';
import { createVersions } from './local/versions.ts';
import { openStorage } from './open-storage.ts';
import { createPouchOpener } from './pouch/open-pouch.ts';
import { createRefused } from './replication/refused.ts';
import { createServerAccess } from './replication/server-access.ts';
import { createSyncControl, type SyncControl } from './replication/sync-control.ts';
import { reportAttention } from './report-attention.ts';
import { createReportOnce } from './report-once.ts';
import { createAsk } from './spaces/ask.ts';
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
  const { storage, recall, close: closeStorage } = await openStorage(options, scope);

  const status = createStatusStore();
  const tabs = createTabs(environment, scope);
  const opener = await createPouchOpener(options.adapter);

  let control: SyncControl | null = null;
  let chosen: SyncSettings = {};
  const sessionFollowed = () => {
    account.refresh();
    control?.reconsider();
  };
  const sessionChanged = () => {
    tabs.post({ type: 'session' });
    sessionFollowed();
  };
  const connection = connect({
    url,
    fetcher: options.fetch ?? fetch.bind(globalThis),
    environment,
    storage,
    recall,
    scope,
    deviceName: options.device?.name,
    onSessionEnded: sessionChanged,
  });
  const { clock, sessions, device, patient, authorized } = connection;
  const { iso } = clock;
  const accessFor = (userId: string | null) =>
    createServerAccess({ url, fetcher: authorized, opener, sessions, userId, iso });
  const autosaves = createAutosaves(options.autosaveMilliseconds);
  const flushTabs = createFlushTabs({ environment, scope, tabs, flush: autosaves.flush });
  const ask = createAsk(authorized, url);
  const questions = createQuestions(authorized, url);
  const syncNow = async () => control?.api.now();
  const current = await createWorkspaceSwitch({
    opener,
    names,
    sessions,
    storage,
    environment,
    device,
    iso,
    beforeSwitch: async () => control?.halt(),
    flush: autosaves.flush,
  });
  const account = createAccountSwitch({
    url,
    connection,
    now: environment.now,
    current,
    flush: flushTabs.flush,
    sync: syncNow,
    onSessionChanged: sessionChanged,
  });
  const flows: FlowsApi = withClientErrors(
    createFlows({
      current,
      iso,
      userId: () => sessions.read()?.user.id,
      autosave: (flowId) => autosaves.open(flowId, flows),
      sharing: createSharing({ current, ask, sync: syncNow }),
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
    flushTabs.close,
    reportAttention(status, { conflicts, refused }),
    settings.subscribe((next) => {
      chosen = next;
      control?.follow(next);
    }),
    followOtherTabs(tabs, current, sessionFollowed),
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
    spaces: withClientErrors(
      createSpaces({
        current,
        ask,
        askAnybody: createAsk(patient, url),
        hurry: () => void syncNow().catch(() => {}),
      }),
    ),
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
    closeStorage();
    // Closed all the same, but not as if nothing were lost.
    const failed = written.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
}
