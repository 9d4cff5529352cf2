import { randomUUID } from 'node:crypto';
import { createConflicts } from '../../client-sync/conflicts/conflicts.ts';
import type { ConflictRules } from '../../client-sync/conflicts/settle-space.ts';
import { openSpace } from '../../client-sync/local/open-space.ts';
import { createPouchOpener, type PouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';
import type { ConflictsApi } from '../../client-sync/conflict-types.ts';
import { createSpaceWorkspace, type SpaceInfo, type SpaceWorkspace } from '../../client-sync/workspace.ts';
import type { CurrentWorkspace } from '../../client-sync/workspace.ts';

/** Browsers that share one space over a database in memory, without a server: what is tested is what they store. */
export interface LocalDevice {
  workspace: SpaceWorkspace;
  conflicts: ConflictsApi;
  push: () => Promise<void>;
  pull: () => Promise<void>;
  close: () => Promise<void>;
}

export interface LocalDevices {
  server: Pouch;
  open: (options?: {
    role?: SpaceInfo['role'];
    rules?: ConflictRules;
    leads?: boolean;
  }) => Promise<LocalDevice>;
  close: () => Promise<void>;
}

let seconds = 0;
const tick = (): string => new Date(Date.UTC(2025, 0, 1) + (seconds += 1) * 1000).toISOString();

function currentOf(workspace: SpaceWorkspace): CurrentWorkspace {
  const all = [workspace];
  const whole = {
    all: () => all,
    find: () => Promise.resolve(workspace),
    onFlows: (listener: (ids?: ReadonlySet<string>) => void) => workspace.flowIndex.onChange(listener),
  };
  return { get: () => whole, onSwitch: () => () => {} } as unknown as CurrentWorkspace;
}

async function openDevice(
  opener: PouchOpener,
  server: Pouch,
  {
    role = 'owner',
    rules = {},
    leads = true,
  }: { role?: SpaceInfo['role']; rules?: ConflictRules; leads?: boolean },
): Promise<LocalDevice> {
  const space = await openSpace(opener, `device-${randomUUID()}`, 'user');
  const info: SpaceInfo = { id: 'space', kind: 'team', name: 'Team', role, database: null, grant: null };
  const workspace = createSpaceWorkspace(space, info, tick);
  return {
    workspace,
    conflicts: createConflicts(currentOf(workspace), tick, { rules: () => rules, leads: () => leads }),
    push: async () => void (await space.main.replicate.to(server, {})),
    pull: async () => void (await space.main.replicate.from(server, {})),
    close: () => workspace.close(),
  };
}

export async function openLocalDevices(): Promise<LocalDevices> {
  const opener = await createPouchOpener('memory');
  const server = opener.openLocal(`server-${randomUUID()}`);
  const opened: LocalDevice[] = [];
  return {
    server,
    async open(options = {}) {
      const device = await openDevice(opener, server, options);
      opened.push(device);
      return device;
    },
    async close() {
      await Promise.all(opened.map((device) => device.close()));
      await server.close();
    },
  };
}
