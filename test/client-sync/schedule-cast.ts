import { expect } from 'vitest';
import type { Flow } from '../../client-sync/index.ts';
import type { TestSettee } from '../support/settee.ts';
import type { Browser } from './open-settee.ts';
import { device, grant, must, newMember, type Member, type Pair, type Role } from './schedule-members.ts';

/** The people around one team, with their browsers. */
export interface Cast extends Pair {
  server: TestSettee;
  close(): Promise<void>;
}

export const graph = { nodes: [], edges: [] };
export const patient = { timeout: 25_000, interval: 50 };

/** Opens a team with an owner and one more member, each at one browser. */
export async function openCast(server: TestSettee, role: Role | null = 'editor'): Promise<Cast> {
  const [owner, member] = [await newMember(server), await newMember(server)];
  const made = must(await owner.call('POST /api/spaces', { name: 'Team', kind: 'team' }));
  const spaceId = made.body.id as string;
  if (role) await grant({ spaceId, owner, member }, role);
  await owner.open();
  await member.open();
  const cast = { server, spaceId, owner, member };
  return {
    ...cast,
    async close() {
      await Promise.all([...owner.devices, ...member.devices].map((browser) => browser.close()));
    },
  };
}

/** Makes a flow; what it says stands in its description, which copies keep. */
export async function write(browser: Browser, says: string, spaceId?: string): Promise<Flow> {
  const where = spaceId === undefined ? {} : { spaceId };
  return browser.settee.flows.save({ name: says, description: says, flow: graph, ...where });
}

export async function rewrite(browser: Browser, { id }: Flow, says: string): Promise<void> {
  await browser.settee.flows.save({ id, description: says });
}

/** What a device has in the end. */
export interface EndState {
  /** What the flows of the team say, in order; null where the team is not there. */
  team: string[] | null;
  /** What the flows of the personal space say. */
  own: string[];
  notices: string[];
  refused: number;
  conflicts: number;
}

export const quiet = { own: [], notices: [], refused: 0, conflicts: 0 };

/** What the flows of a space say on a device. */
export async function saysIn({ settee }: Browser, spaceId: string): Promise<string[]> {
  const { flows } = await settee.flows.list({ spaceId, limit: 10_000 });
  return flows.map(({ description }) => description ?? '').toSorted();
}

async function stateOf(browser: Browser, spaceId: string, userId: string): Promise<EndState> {
  const { settee } = browser;
  const spaces = await settee.spaces.list();
  return {
    team: spaces.some(({ id }) => id === spaceId) ? await saysIn(browser, spaceId) : null,
    own: await saysIn(browser, userId),
    notices: (await settee.notices.list()).map(({ kind }) => kind).toSorted(),
    refused: (await settee.refused.list()).length,
    conflicts: (await settee.conflicts.list()).length,
  };
}

/** Waits until a device has come to that end, and nothing waits to be sent or fetched. */
export async function ends(member: Member, spaceId: string, wanted: EndState, n = 0): Promise<void> {
  const browser = device(member, n);
  await expect.poll(() => stateOf(browser, spaceId, member.id), patient).toEqual(wanted);
  await expect.poll(() => browser.settee.status.get().pending, patient).toEqual({ push: 0, pull: 0 });
  // What is pulled late must not bring anything back.
  await browser.settee.sync.now().catch(() => {});
  expect(await stateOf(browser, spaceId, member.id)).toEqual(wanted);
}

/** Waits until a device sees these flows in the team. */
export async function sees(browser: Browser, spaceId: string, wanted: string[]): Promise<void> {
  await expect.poll(() => saysIn(browser, spaceId), patient).toEqual(wanted);
}

/** Waits until a device has the space. */
export async function has({ settee }: Browser, spaceId: string): Promise<void> {
  const open = async (): Promise<boolean> =>
    (await settee.spaces.list()).some(({ id, isOpen }) => id === spaceId && isOpen);
  await expect.poll(open, patient).toBe(true);
}

/** Waits until a device has none but the person's own space. */
export async function hasLost({ settee }: Browser, spaceId: string): Promise<void> {
  const ids = async (): Promise<string[]> => (await settee.spaces.list()).map(({ id }) => id);
  await expect.poll(ids, patient).not.toContain(spaceId);
}

/** Brings a team to its start: one flow that everybody has. */
export async function begin({ owner, member, spaceId }: Cast): Promise<Flow> {
  for (const person of [owner, member]) await has(device(person), spaceId);
  const flow = await write(device(owner), 'start', spaceId);
  await sees(device(member), spaceId, ['start']);
  return flow;
}
