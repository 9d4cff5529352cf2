import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { spaceDatabase } from '../../../schema/index.ts';
import { boundless } from '../../../server/spaces/quota.ts';
import { withQuota } from '../../../server/spaces/quota-guard.ts';
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
