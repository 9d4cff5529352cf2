import type { CommandOf } from './commands.ts';
import { isOk, ownerOf, pick, reconcile, said } from './membership.ts';
import type { SpaceRecord } from './model.ts';
import type { Person } from './person.ts';
import type { World } from './world.ts';

interface Asked {
  flowId: string;
  space: SpaceRecord;
  owner: Person;
}

/** A flow that somebody may share or move, and who. */
function choose(world: World, n: number): Asked | null {
  const { model } = world;
  const flowId = pick(model.flowIds(), n);
  const space = flowId === undefined ? undefined : model.spaceOfFlow(flowId);
  const owner = space && ownerOf(world, space);
  return flowId !== undefined && space && owner ? { flowId, space, owner } : null;
}

/** The shared spaces that the owner has since then, which nobody knew. */
async function discover({ model }: World, owner: Person, since: number): Promise<SpaceRecord[]> {
  const listed = await owner.call('GET /api/spaces');
  const spaces = (listed?.body?.spaces ?? []) as Pick<SpaceRecord, 'id' | 'database' | 'kind'>[];
  const fresh = spaces.filter(({ id, kind }) => kind === 'shared' && !model.spaces.has(id));
  return fresh.map((space) => model.addSpace(space, owner.id, since));
}

async function share(world: World, { flow, person: n, role }: CommandOf<'share'>): Promise<string> {
  const [asked, person] = [choose(world, flow), pick(world.people, n)];
  if (!asked || !person || person.id === asked.owner.id || asked.space.kind === 'team') return 'nothing';
  const { flowId, space, owner } = asked;
  const { model } = world;
  const since = Date.now();
  const answer = await owner.call(`PUT /api/flows/${flowId}/contributors/${person.id}`, { role });
  if (answer && !isOk(answer)) return said(answer);
  const [fresh] = await discover(world, owner, since);
  if (!answer) await reconcile(world, since);
  const target = model.spaces.get((answer?.body?.spaceId as string | undefined) ?? '') ?? fresh ?? space;
  if (target.kind === 'personal')
    return `${flowId} with ${person.id}: ${said(answer)}, and no space was made`;
  model.join(target.id, person.id, role, since);
  if (target !== space) model.place(flowId, target.id, since);
  return `${flowId} with ${person.id} as ${role} in ${target.id}: ${said(answer)}`;
}

async function unshare(world: World, { flow, person: n }: CommandOf<'unshare'>): Promise<string> {
  const [asked, person] = [choose(world, flow), pick(world.people, n)];
  if (!asked || !person || person.id === asked.owner.id || asked.space.kind !== 'shared') return 'nothing';
  const { flowId, space, owner } = asked;
  const since = Date.now();
  const answer = await owner.call(`DELETE /api/flows/${flowId}/contributors/${person.id}`);
  if (!answer) await reconcile(world, since);
  if (isOk(answer)) world.model.leave(space.id, person.id);
  // Whoever is alone with a flow may have it back among his own.
  world.model.place(flowId, owner.id, since);
  return `${flowId} from ${person.id}: ${said(answer)}`;
}

async function move(world: World, { flow, space: n }: CommandOf<'move'>): Promise<string> {
  const asked = choose(world, flow);
  if (!asked) return 'nothing';
  const { flowId, space, owner } = asked;
  const { model } = world;
  const writable = [...model.spaces.values()].filter(
    ({ id, kind, roles }) =>
      id !== space.id && kind !== 'shared' && ['owner', 'editor'].includes(roles.get(owner.id) ?? ''),
  );
  const to = pick(writable, n);
  if (!to) return 'nothing';
  const since = Date.now();
  const answer = await owner.call(`POST /api/flows/${flowId}/move`, { spaceId: to.id });
  if (!answer) await reconcile(world, since);
  if (answer && !isOk(answer)) return `${flowId} to ${to.id}: ${said(answer)}`;
  model.place(flowId, to.id, since);
  if (answer) model.leftAllBut(flowId, to.id);
  return `${flowId} from ${space.id} to ${to.id}: ${said(answer)}`;
}

/** What brings a flow into another space, or lets others into the one where it is; says what it did. */
export async function actOnPlaces(
  world: World,
  command: CommandOf<'share' | 'unshare' | 'move'>,
): Promise<string> {
  if (command.kind === 'share') return share(world, command);
  if (command.kind === 'unshare') return unshare(world, command);
  return move(world, command);
}
