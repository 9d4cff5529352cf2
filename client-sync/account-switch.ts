import { createAccount, type AccountModule } from './account/account.ts';
import type { Connection } from './connect.ts';
import { UnpushedChangesError } from './errors.ts';
import type { WorkspaceSwitch } from './workspace-switch.ts';

interface AccountSwitchOptions {
  /** Origin of the server. */
  url: string;
  connection: Pick<Connection, 'patient' | 'sessions' | 'device'>;
  now: () => number;
  current: WorkspaceSwitch;
  /** Writes what waits to be saved by itself, in all tabs. */
  flush: () => Promise<void>;
  /** Pushes what is open, where this can be done. */
  sync: () => Promise<void>;
  onSessionChanged: () => void;
}

/** Makes the account whose signing in opens the user's local data, and whose signing out removes what was pushed. */
export function createAccountSwitch(options: AccountSwitchOptions): AccountModule {
  const { url, connection, now, current, flush, sync, onSessionChanged } = options;
  const assertPushed = async () => {
    await flush();
    await current.get().settle();
    if ((await current.get().countLocalOnly()) > 0) await sync().catch(() => {});
    const count = await current.get().countLocalOnly();
    if (count > 0) throw new UnpushedChangesError(count);
  };
  return createAccount({
    url,
    fetcher: connection.patient,
    sessions: connection.sessions,
    deviceId: connection.device.id,
    now,
    async openUser() {
      try {
        await current.follow();
      } finally {
        onSessionChanged();
      }
    },
    async leaveUser({ discardUnpushed }) {
      if (!discardUnpushed) await assertPushed();
      await current.remove();
      onSessionChanged();
    },
  });
}
