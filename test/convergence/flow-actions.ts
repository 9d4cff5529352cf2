import type { Flow, Settee } from '../../client-sync/index.ts';
import type { Command, CommandOf } from './commands.ts';
import type { Device } from './device.ts';
import { pick } from './membership.ts';
import { newFlow, patchOf, valuesOf, type Change } from './values.ts';
import { meet, spaceOf, type World } from './world.ts';

async function flowsOn({ settee }: Device, deleted = false): Promise<Flow[]> {
  const { flows } = await settee.flows.list({ limit: 1000, deleted });
  return flows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function pickFlow(world: World, device: Device, n: number, deleted = false): Promise<Flow | undefined> {
  const flow = pick(await flowsOn(device, deleted), n);
  if (flow) meet(world, device, flow);
  return flow;
}

async function create(world: World, device: Device, space: number): Promise<string> {
  const { model } = world;
  const { id: userId } = device.person;
  const writable = [...model.spaces.values()].filter(({ roles }) =>
    ['owner', 'editor'].includes(roles.get(userId) ?? ''),
  );
  const spaceId = pick(writable, space)?.id ?? userId;
  const at = Date.now();
  const input = newFlow(model.nextToken);
  const flow = await device.settee.flows.save(spaceId === userId ? input : { ...input, spaceId });
  model.place(flow.id, spaceId, at);
  model.acknowledge({ flowId: flow.id, userId, spaceId, at }, new Map(), valuesOf(flow));
  meet(world, device, flow);
  return `${flow.id} in ${spaceId}`;
}

async function edit(world: World, device: Device, flow: Flow, changes: readonly Change[]): Promise<string> {
  const { model } = world;
  const patch = patchOf(flow, changes, model.nextToken);
  const [before, after] = [valuesOf(flow), valuesOf({ ...flow, ...patch })];
  const write = { flowId: flow.id, userId: device.person.id, spaceId: spaceOf(device, flow), at: Date.now() };
  const revision = flow.revision as string;
  try {
    const saved = await device.settee.flows.save({ id: flow.id, revision, ...patch });
    model.acknowledge(write, before, after);
    meet(world, device, saved);
    const made = [...after].filter(([slot, token]) => before.get(slot) !== token);
    const gone = [...before].filter(([slot]) => !after.has(slot));
    const said = [...made.map(([slot, token]) => `${slot}=w${token}`), ...gone.map(([slot]) => `-${slot}`)];
    return `${flow.id} ${revision} → ${saved.revision}: ${said.join(' ')}`;
  } catch (error) {
    // It may have been written before it failed.
    model.replace(before, after);
    throw error;
  }
}

async function deleteForGood(world: World, device: Device, n: number): Promise<string> {
  const flow = await pickFlow(world, device, n);
  const space = flow && world.model.spaces.get(spaceOf(device, flow));
  if (!flow || space?.roles.get(device.person.id) !== 'owner') return 'nothing';
  const { person } = device;
  const path = `/db/${space.database}/flow:${flow.id}`;
  const read = await person.call(`GET ${path}`);
  if (read?.status !== 200) return 'nothing';
  const seen = valuesOf(read.body as object);
  const answer = await person.call(`DELETE ${path}?rev=${read.body._rev}`);
  if (answer === null || answer.status === 200) world.model.replace(seen, new Map());
  return `${flow.id} ${read.body._rev} → ${answer?.status}`;
}

async function resolve(
  { model }: World,
  device: Device,
  choice: CommandOf<'resolve'>['choice'],
): Promise<string> {
  const { conflicts } = device.settee;
  const [conflict] = await conflicts.list();
  if (!conflict) return 'nothing';
  const { flowId } = conflict;
  const shown = conflict.local ?? conflict.server;
  if (choice !== 'merged' || !shown) {
    await conflicts.resolve(flowId, { keep: choice === 'server' ? 'server' : 'local' });
    return `${flowId} ${choice}`;
  }
  const token = model.nextToken();
  const at = Date.now();
  await conflicts.resolve(flowId, { merged: { ...shown, name: `w${token}` } });
  const write = { flowId, userId: device.person.id, spaceId: spaceOf(device, shown), at };
  // Every side becomes a version, so nothing is replaced.
  model.acknowledge(write, new Map(), new Map([['field:name', token]]));
  return `${flowId} merged as w${token}`;
}

async function restoreVersion(world: World, device: Device, n: number): Promise<string> {
  const flow = await pickFlow(world, device, n);
  if (!flow) return 'nothing';
  const version = pick(await device.settee.versions.list(flow.id), n);
  if (!version) return 'nothing';
  await device.settee.versions.restore(flow.id, version.id);
  return `${flow.id} to ${version.id.slice(0, 12)}`;
}

type Simple = (settee: Settee, flowId: string) => Promise<unknown>;
const simple: Record<'remove' | 'restore' | 'keep-version', Simple> = {
  remove: ({ flows }, id) => flows.remove(id),
  restore: ({ flows }, id) => flows.restore(id),
  'keep-version': ({ versions }, id) => versions.save(id),
};

async function simpleAction(
  world: World,
  device: Device,
  command: CommandOf<'remove' | 'restore' | 'keep-version' | 'restore-version'>,
): Promise<string> {
  const { kind, flow: n } = command;
  if (kind === 'restore-version') return restoreVersion(world, device, n);
  const flow = await pickFlow(world, device, n, kind === 'restore');
  if (!flow) return 'nothing';
  const role = world.model.spaces.get(spaceOf(device, flow))?.roles.get(device.person.id);
  if (kind === 'remove' && role !== 'owner') return 'not the owner';
  await simple[kind](device.settee, flow.id);
  return flow.id;
}

/** What is done to flows on a device; says what it did. */
export async function actOnFlow(
  world: World,
  device: Device,
  command: Extract<Command, { device: number }>,
): Promise<string> {
  switch (command.kind) {
    case 'create':
      return create(world, device, command.space);
    case 'edit': {
      const flow = await pickFlow(world, device, command.flow);
      return flow ? edit(world, device, flow, command.changes) : 'nothing';
    }
    case 'hold':
      device.held = (await pickFlow(world, device, command.flow)) ?? null;
      return device.held?.id ?? 'nothing';
    case 'save-held': {
      const { held } = device;
      device.held = null;
      return held ? edit(world, device, held, command.changes) : 'nothing';
    }
    case 'delete-for-good':
      return deleteForGood(world, device, command.flow);
    case 'resolve':
      return resolve(world, device, command.choice);
    case 'remove':
    case 'restore':
    case 'keep-version':
    case 'restore-version':
      return simpleAction(world, device, command);
    default:
      return 'nothing';
  }
}
