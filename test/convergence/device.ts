import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createSettee,
  type Environment,
  type Flow,
  type Settee,
  type SetteeOptions,
} from '../../client-sync/index.ts';
import { memoryStorage } from '../client-sync/open-settee.ts';
import type { Random } from '../support/random.ts';
import { createDeviceStorage, type DeviceStorage } from './device-storage.ts';
import { createFaultyNetwork, type FaultyNetwork } from './faulty-fetch.ts';
import type { Person } from './person.ts';
import type { WireRecord } from './wire-record.ts';

/** One browser of a person, over memory that survives its restarts and a network that does what it likes. */
export interface Device {
  name: string;
  person: Person;
  settee: Settee;
  storage: DeviceStorage;
  network: FaultyNetwork;
  /** A flow that is open in an editor while the rest goes on. */
  held: Flow | null;
  goOffline(): void;
  goOnline(): void;
  /** Closes and opens again; at a crash nothing is written from some moment on. */
  restart(crash: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface DeviceOptions {
  url: string;
  name: string;
  person: Person;
  random: Random;
  record: WireRecord;
}

const closingMilliseconds = 5000;

/** Opens a browser and signs its person in, on a network that still works. */
export async function openDevice({ url, name, person, random, record }: DeviceOptions): Promise<Device> {
  const storage = createDeviceStorage();
  const network = createFaultyNetwork({ random, record, device: name, userId: () => person.id });
  const listeners = new Set<Parameters<Environment['onChange']>[0]>();
  const tell = (change: 'online' | 'offline'): void => {
    for (const listener of listeners) listener(change);
  };
  const options: SetteeOptions = {
    url,
    name: `convergence-${randomUUID()}`,
    adapter: storage.adapter,
    storage: memoryStorage(),
    fetch: network.fetch,
    environment: {
      isOnline: () => network.isOnline(),
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
  };
  const close = async (settee: Settee): Promise<void> => {
    await Promise.race([settee.close().catch(() => {}), sleep(closingMilliseconds)]);
  };
  const device: Device = {
    name,
    person,
    settee: await createSettee(options),
    storage,
    network,
    held: null,
    goOffline() {
      network.cut();
      tell('offline');
    },
    goOnline() {
      network.mend();
      tell('online');
    },
    async restart(crash) {
      const wasOnline = network.isOnline();
      if (crash) storage.freeze();
      network.cut();
      await close(device.settee);
      storage.thaw();
      if (wasOnline) network.mend();
      device.held = null;
      device.settee = await createSettee(options);
    },
    close: () => close(device.settee),
  };
  await device.settee.account.signIn({ email: person.email, password: person.password });
  return device;
}
