import type { SessionStore } from './account/session-store.ts';
import type { Environment, KeyValueStore } from './environment.ts';
import { adoptSpace, openAnonymousSpace } from './local/adopt-space.ts';
import { writeDevice, type DeviceIdentity } from './local/devices.ts';
import type { LocalNames } from './local/names.ts';
import { openSpace, type LocalSpace } from './local/open-space.ts';
import type { PouchOpener } from './pouch/open-pouch.ts';
import { SetteeClientError } from './errors.ts';
import { createSignal, reportUnexpected } from './signal.ts';
import { openWorkspace } from './spaces/open-workspace.ts';
import type { CurrentWorkspace, SpaceWorkspace, Workspace } from './workspace.ts';

/** Opens the databases of whoever is signed in, and changes over when that changes. */
export interface WorkspaceSwitch extends CurrentWorkspace {
  /** Opens what storage says, adopting data from before any account; returns whether something changed. */
  follow: () => Promise<boolean>;
  /** Removes the open user's local data. */
  remove: () => Promise<void>;
  /** Whether the browser had removed the data of the open user. */
  wasEvicted: () => boolean;
  /** Notes that there is data which the browser should not remove. */
  noteFilled: () => void;
  close: () => Promise<void>;
}

interface SwitchOptions {
  opener: PouchOpener;
  names: LocalNames;
  sessions: SessionStore;
  storage: KeyValueStore;
  environment: Environment;
  device: DeviceIdentity;
  iso: () => string;
  beforeSwitch: () => Promise<void>;
  /** Writes what waits to be saved, as far as it can be, while it still has its place. */
  flush: () => Promise<void>;
}

export async function createWorkspaceSwitch(options: SwitchOptions): Promise<WorkspaceSwitch> {
  const { opener, names, sessions, storage, environment, device, iso, beforeSwitch, flush } = options;
  const switched = createSignal<void>();
  const filledKey = (space: LocalSpace) => `${names.scope}:filled:${space.name}`;
  const anonymousKey = `${names.scope}:anonymous`;
  let workspace: Workspace | null = null;
  let evicted = false;
  let closed = false;
  let chain: Promise<unknown> = Promise.resolve();

  const openFor = async (userId: string | null): Promise<LocalSpace> => {
    if (userId !== null) return openSpace(opener, names.databases(userId), userId);
    storage.setItem(anonymousKey, 'open');
    return openAnonymousSpace(opener, names.databases(null));
  };
  const adopt = async (user: LocalSpace): Promise<void> => {
    if (storage.getItem(anonymousKey) === null) return;
    // While somebody works on it, here or in another tab, it stays: the next start takes over what came late.
    if (workspace?.userId === null) {
      await adoptSpace(workspace.personal.space, user);
      return;
    }
    const anonymous = await openSpace(opener, names.databases(null), null);
    let adopted = false;
    try {
      adopted = workspace === null && (await adoptSpace(anonymous, user));
    } finally {
      if (!adopted) await anonymous.close();
    }
    if (!adopted) return;
    await anonymous.destroy();
    storage.removeItem(anonymousKey);
  };
  /** At the start there is no other place to go back to: what is adopted already shows, and the next start goes on. */
  const adoptOrGoOn = async (user: LocalSpace): Promise<void> => {
    try {
      await adopt(user);
    } catch (error) {
      if (workspace) throw error;
      reportUnexpected(error);
    }
  };
  const databaseOf = (userId: string | null) => {
    const session = sessions.read();
    return session?.user.id === userId ? (session?.database ?? null) : null;
  };
  const isEvicted = async ({ space }: SpaceWorkspace): Promise<boolean> =>
    storage.getItem(filledKey(space)) !== null && (await space.main.info()).doc_count === 0;
  const openAll = async (space: LocalSpace): Promise<Workspace> => {
    if (space.userId !== null) await adoptOrGoOn(space);
    await space.main.info();
    return openWorkspace({
      opener,
      space,
      database: () => databaseOf(space.userId),
      environment,
      iso,
    });
  };
  const open = async (): Promise<Workspace> => {
    const userId = sessions.read()?.user.id ?? null;
    const space = await openFor(userId);
    const opened = await openAll(space).catch(async (error: unknown) => {
      await space.close();
      throw error;
    });
    opened.onDropping(async (dropped) => {
      storage.removeItem(filledKey(dropped.space));
      await flush();
    });
    evicted = (await Promise.all(opened.all().map(isEvicted)).catch((): boolean[] => [])).includes(true);
    // Only a name in a list, and not worth staying closed for where storage is full.
    await writeDevice(opened, device, iso).catch(() => {});
    return opened;
  };
  const follow = async (): Promise<boolean> => {
    const userId = sessions.read()?.user.id ?? null;
    if (closed) return false;
    if (workspace && workspace.userId === userId) return false;
    const before = workspace;
    if (before) {
      await beforeSwitch();
      await flush();
    }
    // The old databases stay readable until the new ones are there.
    const next = await open();
    workspace = next;
    switched.emit();
    await before?.close();
    return true;
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = chain.then(work);
    chain = next.catch(() => {});
    return next;
  };
  const requireOpen = (): Workspace => {
    if (!workspace || closed) throw new SetteeClientError('closed', 'Settee was closed.');
    return workspace;
  };
  await inTurn(follow);
  return {
    get: requireOpen,
    onSwitch: switched.subscribe,
    follow: () => inTurn(follow),
    wasEvicted: () => evicted,
    noteFilled() {
      evicted = false;
      for (const { space } of requireOpen().all()) storage.setItem(filledKey(space), 'yes');
    },
    remove: () =>
      inTurn(async () => {
        const removed = requireOpen();
        // First, so that nothing begins to sync again what is about to go.
        sessions.write(null);
        await beforeSwitch();
        for (const { space } of removed.all()) storage.removeItem(filledKey(space));
        workspace = await open();
        switched.emit();
        await removed.destroy();
      }),
    close: () =>
      inTurn(async () => {
        closed = true;
        await workspace?.close();
      }),
  };
}
