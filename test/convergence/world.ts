import type { Flow } from '../../client-sync/index.ts';
import { createRandom, type Random } from '../support/random.ts';
import { openDevice, type Device } from './device.ts';
import { createModel, type Model } from './model.ts';
import { registerPerson, type Person } from './person.ts';
import type { ServerProcess } from './server-process.ts';
import { valuesOf } from './values.ts';
import { createWireRecord, type WireRecord } from './wire-record.ts';

/** The people of one run, their devices, the server, and the model of what they did. */
export interface World {
  server: ServerProcess;
  people: Person[];
  devices: Device[];
  model: Model;
  record: WireRecord;
  random: Random;
  /** The story so far, for whoever reads a failure. */
  story: string[];
  /** While the server is down after a kill, when it is back. */
  comingBack: Promise<void> | null;
  close(): Promise<void>;
}

export interface WorldOptions {
  server: ServerProcess;
  seed: number;
  people: number;
  devices: number;
}

export async function openWorld({ server, seed, people, devices }: WorldOptions): Promise<World> {
  const record = createWireRecord();
  const model = createModel();
  const random = createRandom(seed);
  const persons = await Promise.all(Array.from({ length: people }, () => registerPerson(server.url, record)));
  for (const { id, call } of persons) {
    const listed = await call('GET /api/spaces');
    const own = ((listed?.body.spaces ?? []) as { id: string; database: string }[]).find(
      (space) => space.id === id,
    );
    model.addSpace({ id, kind: 'personal', database: own?.database ?? '' }, id, 0);
  }
  const opened = await Promise.all(
    Array.from({ length: devices }, (_, n) => {
      const person = persons[n % people] as Person;
      const name = `d${n} of p${n % people}`;
      return openDevice({ url: server.url, name, person, record, random: createRandom(seed + n + 1) });
    }),
  );
  return {
    server,
    people: persons,
    devices: opened,
    model,
    record,
    random,
    story: persons.map(({ id }, n) => `p${n} is ${id}`),
    comingBack: null,
    async close() {
      for (const device of opened) {
        device.network.cut();
        await device.close();
        await device.storage.destroy();
      }
    },
  };
}

/** Where a flow is, as the device shows it. */
export function spaceOf(device: Device, flow: Flow): string {
  const { spaceId } = flow as { spaceId?: string };
  return spaceId ?? device.person.id;
}

/** Takes in a flow that came up without the model having made it: a copy, kept for somebody who lost the original. */
export function meet({ model }: World, device: Device, flow: Flow): void {
  if (!model.knowsFlow(flow.id)) model.place(flow.id, spaceOf(device, flow));
  const values = valuesOf(flow);
  model.carry(flow.id, values.values());
  if (flow.revision !== undefined) model.noteContent(flow.id, flow.revision, values);
}
