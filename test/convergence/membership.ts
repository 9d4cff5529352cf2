import type { Role, SpaceRecord } from './model.ts';
import type { Answer, Person } from './person.ts';
import type { World } from './world.ts';

/** The one that a number chooses. */
export const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];
export const isOk = (answer: Answer | null): boolean => answer !== null && answer.status < 300;
export const said = (answer: Answer | null): string =>
  `${answer?.status ?? 'no answer'} ${answer?.body?.code ?? ''}`;

export const shared = ({ model }: World): SpaceRecord[] =>
  [...model.spaces.values()].filter(({ kind }) => kind !== 'personal');

export function ownerOf({ people }: World, space: SpaceRecord): Person | undefined {
  return people.find(({ id }) => space.roles.get(id) === 'owner');
}

/** After an answer that never came: what the server says is what counts from then on. */
export async function reconcile(world: World, since: number): Promise<void> {
  await world.comingBack;
  const { model, people } = world;
  const known = new Map<string, Map<string, Role>>();
  for (const person of people) {
    const listed = await person.call('GET /api/spaces');
    for (const { id, kind, database, role } of listed?.body?.spaces ?? []) {
      if (kind === 'templates') continue;
      if (!model.spaces.has(id)) model.addSpace({ id, kind, database }, person.id, since);
      known.set(id, (known.get(id) ?? new Map<string, Role>()).set(person.id, role));
    }
  }
  for (const space of model.spaces.values()) {
    const roles = known.get(space.id) ?? new Map<string, Role>();
    for (const [userId, role] of roles) model.join(space.id, userId, role, since);
    for (const userId of space.roles.keys()) if (!roles.has(userId)) model.leave(space.id, userId);
  }
}
