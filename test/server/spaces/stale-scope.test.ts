import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spaceDatabase } from '../../../schema/index.ts';
import { boundless } from '../../../server/spaces/quota.ts';
import { withQuota } from '../../../server/spaces/quota-guard.ts';
import type { Access, Spaces } from '../../../server/spaces/spaces.ts';
import { flowDoc } from '../../support/fixtures/flow-fixtures.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

let places: TestSpaces;
beforeAll(async () => {
  places = await openSpaces();
});
afterAll(() => places.stop());

test('a call that began before its caller lost the space, or became a viewer, writes nothing after it', async () => {
  const { spaces } = places;
  const [owner, editor, leaving] = [await places.newUser(), await places.newUser(), await places.newUser()];
  const team = await places.newTeam({ [owner]: 'owner', [editor]: 'editor', [leaving]: 'editor' });
  const database = spaceDatabase(team, places.prefix);
  const guarded = withQuota(spaces, { room: () => Promise.resolve(boundless) });
  const scopeOf = async (userId: string) => guarded.open<object>(await places.accessTo(userId, database));
  const [asEditor, asLeaving] = [await scopeOf(editor), await scopeOf(leaving)];
  const flow = (): object => flowDoc({ _id: `flow:${randomUUID()}` });
  for (const scope of [asEditor, asLeaving]) await scope.insert(flow());
  await spaces.setRole(team, { userId: editor, role: 'viewer' }, owner);
  await spaces.removeMember(team, leaving, owner);
  await expect(asEditor.insert(flow())).rejects.toMatchObject({ code: 'read_only' });
  await expect(asLeaving.bulk({ docs: [flow()] })).rejects.toMatchObject({ code: 'not_found' });
  await (await scopeOf(owner)).insert(flow());
});

/** Spaces whose engine says that it has a write whole, and stores it when it is told to. */
function holding(spaces: Spaces, engine: EventEmitter): Spaces {
  const open: Spaces['open'] = <D>(access: Access) => {
    const scope = spaces.open<D>(access);
    const insert = scope.insert.bind(scope) as (...given: unknown[]) => Promise<unknown>;
    const held = async (...given: unknown[]): Promise<unknown> => {
      const told = once(engine, 'store');
      engine.emit('taken');
      await told;
      const answer = await insert(...given);
      engine.emit('stored');
      return answer;
    };
    return Object.assign(scope, { insert: held as typeof scope.insert });
  };
  return { ...spaces, open };
}

test.each([
  ['removed', (team: string, userId: string) => places.spaces.removeMember(team, userId, null)],
  [
    'made a viewer',
    (team: string, userId: string) => places.spaces.setRole(team, { userId, role: 'viewer' }, null),
  ],
])('a member is %s when what the engine has of his writes is stored', async (_, end) => {
  const [owner, editor] = [await places.newUser(), await places.newUser()];
  const team = await places.newTeam({ [owner]: 'owner', [editor]: 'editor' });
  const access = await places.accessTo(editor, spaceDatabase(team, places.prefix));
  const engine = new EventEmitter();
  const order: string[] = [];
  engine.on('stored', () => order.push('stored'));
  const guarded = withQuota(holding(places.spaces, engine), { room: () => Promise.resolve(boundless) });
  const taken = once(engine, 'taken');
  const written = guarded.open<object>(access).insert(flowDoc({ _id: `flow:${randomUUID()}` }));
  await taken;
  const ended = end(team, editor).then(() => order.push('ended'));
  // Long enough for an end that waits for nothing.
  await Promise.race([ended, sleep(1000)]);
  engine.emit('store');
  await Promise.all([written, ended]);
  expect(order).toEqual(['stored', 'ended']);
});
