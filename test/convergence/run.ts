import { setTimeout as sleep } from 'node:timers/promises';
import { askEngine } from './engine-leaves.ts';
import { opening, type Command, type Plan } from './commands.ts';
import type { Device } from './device.ts';
import { actOnFlow } from './flow-actions.ts';
import { judge } from './judge.ts';
import { recordFaults } from './reported-faults.ts';
import type { ServerProcess } from './server-process.ts';
import { actOnSpaces } from './space-actions.ts';
import { openWorld, type World } from './world.ts';

export interface Outcome {
  violations: string[];
  story: string[];
}

const downMilliseconds = 300;
const settleMilliseconds = 60_000;

function kill(world: World, after: number): string {
  if (world.comingBack) return 'already down';
  const { server } = world;
  const comeBack = async (): Promise<void> => {
    await sleep(after);
    await server.kill();
    await sleep(downMilliseconds);
    await server.start();
    world.comingBack = null;
  };
  world.comingBack = comeBack();
  return `in ${after} ms`;
}

async function actOnDevice(device: Device, kind: string): Promise<string> {
  if (kind === 'offline') device.goOffline();
  else if (kind === 'online') device.goOnline();
  else if (kind === 'sync') await device.settee.sync.now();
  else await device.restart(kind === 'crash');
  return '';
}

async function act(world: World, command: Command): Promise<string> {
  if (command.kind === 'wait') return sleep(command.milliseconds, '');
  if (command.kind === 'kill') return kill(world, command.after);
  if (!('device' in command)) return actOnSpaces(world, command);
  const device = world.devices[command.device % world.devices.length] as Device;
  const isAboutDevice = ['offline', 'online', 'restart', 'crash', 'sync'].includes(command.kind);
  const done = isAboutDevice ? actOnDevice(device, command.kind) : actOnFlow(world, device, command);
  return `${device.name}: ${await done}`;
}

async function tell(world: World, commands: readonly Command[]): Promise<void> {
  for (const [n, command] of commands.entries()) {
    const outcome = await act(world, command).catch((error: unknown) => `failed: ${String(error)}`);
    world.story.push(`${n} ${Date.now()} ${command.kind} ${outcome}`);
  }
}

/** What changes while anything is still under way. */
async function fingerprint(world: World): Promise<string> {
  const databases = [...world.model.spaces.values()].map(({ database }) => database);
  const sequences = await Promise.all(databases.map((name) => askEngine(world.server, name)));
  const marks = sequences.map(({ body }) => {
    const { doc_count, doc_del_count, update_seq } = body as Record<string, unknown>;
    return [doc_count, doc_del_count, Number.parseInt(String(update_seq), 10)];
  });
  const states = world.devices.map(({ settee }) => settee.status.get());
  return JSON.stringify([marks, states.map(({ state, pending }) => [state, pending])]);
}

/** Everybody online on a good network, until nothing moves any more. */
async function settle(world: World): Promise<string[]> {
  await world.comingBack;
  for (const device of world.devices) {
    device.network.trouble(0);
    device.goOnline();
  }
  const end = Date.now() + settleMilliseconds;
  let before = '';
  for (let quiet = 0; quiet < 3;) {
    if (Date.now() > end) return [`it does not come to rest: ${before}`];
    await Promise.all(world.devices.map(({ settee }) => settee.sync.now().catch(() => {})));
    await sleep(60);
    const after = await fingerprint(world);
    const isIdle = !/"(syncing|connecting|offline)"/.test(after);
    quiet = after === before && isIdle ? quiet + 1 : 0;
    before = after;
  }
  return [];
}

/** Lives through the plan, and closes; what does not hold. */
async function live(world: World, plan: Plan): Promise<string[]> {
  try {
    await tell(world, opening(plan));
    for (const { network } of world.devices) network.trouble(plan.trouble);
    await tell(world, plan.commands);
    const unrest = await settle(world);
    return [...unrest, ...(await judge(world))];
  } finally {
    await world.comingBack;
    await world.close();
  }
}

/** One run of the campaign, from accounts to verdict. */
export async function run(server: ServerProcess, plan: Plan): Promise<Outcome> {
  const faults = recordFaults();
  try {
    const world = await openWorld({ server, ...plan });
    const violations = await live(world, plan);
    // Last, as closing may have faults to tell as well.
    return { violations: [...violations, ...faults.violations()], story: world.story };
  } finally {
    faults.stop();
  }
}
