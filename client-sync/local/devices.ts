import { unmarked } from '../../flow/flow.ts';
import { bareId, deviceDocId, idPrefixes } from '../../schema/ids.ts';
import type { KeyValueStore } from '../environment.ts';
import { SetteeClientError } from '../errors.ts';
import type { Device, DevicesApi } from '../device-types.ts';
import type { CurrentWorkspace, Workspace } from '../workspace.ts';
import { defaultDeviceName, describeDevice } from './device-info.ts';
import { getOrNull, retryOnConflict } from './local-documents.ts';
import { textOf } from './text-of.ts';
import { randomId } from './uuid.ts';

/** This browser's identity, which outlives accounts and databases. */
export interface DeviceIdentity {
  id: string;
  name: () => string;
  rename: (name: string) => void;
}

export function createDeviceIdentity(
  storage: KeyValueStore,
  key: string,
  options: { name?: string; iso: () => string },
): DeviceIdentity {
  const stored = parseIdentity(storage.getItem(key));
  const identity = stored ?? { id: randomId() };
  if (!stored) storage.setItem(key, JSON.stringify(identity));
  return {
    id: identity.id,
    name: () => identity.name ?? options.name ?? defaultDeviceName(describeDevice(options.iso())),
    rename(name) {
      identity.name = name;
      storage.setItem(key, JSON.stringify(identity));
    },
  };
}

/** Storage is anybody's on this origin: what is no identity counts as none. */
function parseIdentity(text: string | null): { id: string; name?: string } | null {
  try {
    const { id, name } = JSON.parse(text ?? '{}') as { id?: unknown; name?: unknown };
    if (typeof id !== 'string') return null;
    return { id, ...(typeof name === 'string' ? { name } : {}) };
  } catch {
    return null;
  }
}

/** Writes this browser's document where it is missing or has another name: once a database, and not at every sync. */
export async function writeDevice(
  { personal: { space } }: Pick<Workspace, 'personal'>,
  identity: DeviceIdentity,
  iso: () => string,
): Promise<void> {
  await retryOnConflict(async () => {
    const id = deviceDocId(identity.id);
    const current = await getOrNull(space.main, id);
    if (current?.name === identity.name()) return;
    const now = iso();
    await space.main.put({
      createdAt: now,
      ...(current && unmarked(current)),
      _id: id,
      type: 'device',
      schemaVersion: 1,
      name: identity.name(),
      info: describeDevice(now),
      updatedAt: now,
    });
  });
}

interface DevicesOptions {
  current: CurrentWorkspace;
  identity: DeviceIdentity;
  iso: () => string;
  /** The devices' last syncs by device id, as the server tells them; empty where it cannot be reached. */
  lastSyncs: () => Promise<Map<string, string>>;
}

export function createDevices({ current, identity, iso, lastSyncs }: DevicesOptions): DevicesApi {
  const here = (): Device => ({ id: identity.id, name: identity.name(), current: true });
  return {
    current: here,
    async list() {
      const [{ rows }, syncs] = await Promise.all([
        current.get().personal.space.main.allDocs({
          startkey: idPrefixes.device,
          endkey: `${idPrefixes.device}\uffff`,
          include_docs: true,
        }),
        lastSyncs(),
      ]);
      const others = rows
        .map(({ id, doc }) => ({ id: bareId(id), name: textOf(doc?.name), current: false }))
        .filter(({ id }) => id !== identity.id)
        .toSorted((a, b) => a.name.localeCompare(b.name));
      return [here(), ...others].map((device) => {
        const lastSyncAt = syncs.get(device.id);
        return lastSyncAt === undefined ? device : { ...device, lastSyncAt };
      });
    },
    async rename(name) {
      const trimmed = name.trim();
      if (trimmed === '' || trimmed.length > 255) {
        throw new SetteeClientError('invalid_input', 'A device needs a name of 1 to 255 characters.');
      }
      identity.rename(trimmed);
      await writeDevice(current.get(), identity, iso);
      return here();
    },
  };
}
