import { afterEach, beforeEach } from 'vitest';
import { readAllLeaves } from '../../client-sync/conflicts/leaves.ts';
import { flowDocId } from '../../schema/index.ts';
import { startFlow } from '../support/flow-edits.ts';
import { openLocalDevices, type LocalDevice, type LocalDevices } from '../support/local-devices.ts';
import { madeIn } from '../support/use-settee.ts';

export const id = '00000000-0000-4000-8000-00000000000a';
export const docId = flowDocId(id);

type Nodes = { id: string; data?: unknown; position?: { x: number; y: number } }[];

export async function edit(device: LocalDevice, change: (nodes: Nodes) => Nodes): Promise<void> {
  const flow = await device.workspace.flows.read(id);
  if (!flow) throw new Error('There is no flow.');
  const nodes = change(flow.flow.nodes);
  await device.workspace.flows.save({
    id,
    flow: { ...flow.flow, nodes },
    revision: flow._rev ?? '',
  });
}

export const setPrompt = (device: LocalDevice, node: string, prompt: string): Promise<void> =>
  edit(device, (nodes) =>
    nodes.map((one) => (one.id === node ? { ...one, data: { ...(one.data as object), prompt } } : one)),
  );

/** The prompts of the flow that shows. */
export async function promptsOf(device: LocalDevice): Promise<Record<string, unknown>> {
  const flow = await device.workspace.flows.read(id);
  const nodes = (flow?.flow.nodes ?? []) as { id: string; data: { prompt?: unknown } }[];
  return Object.fromEntries(
    nodes.flatMap(({ id: node, data }) => (data.prompt === undefined ? [] : [[node, data.prompt]])),
  );
}

export async function leavesOf(device: LocalDevice): Promise<string[]> {
  const leaves = await readAllLeaves(device.workspace.space.main, docId);
  return leaves.map(({ ancestry }) => ancestry[0] ?? '').toSorted();
}

export interface SharedFlow {
  devices: LocalDevices;
  /** Devices that all have the same flow. */
  share: (count: number, role?: 'owner' | 'editor') => Promise<LocalDevice[]>;
}

/** Devices of one space, new for each test. */
export function useSharedFlow(): SharedFlow {
  const devices = madeIn(beforeEach, openLocalDevices);
  afterEach(() => devices.close());
  return {
    devices,
    async share(count, role = 'owner') {
      const open = await Promise.all(Array.from({ length: count }, () => devices.open({ role })));
      await open[0]?.workspace.flows.save({ id, ...startFlow() });
      await open[0]?.push();
      for (const device of open) await device.pull();
      return open;
    },
  };
}
