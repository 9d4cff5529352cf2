import { expect, test } from 'vitest';
import { useSettee } from '../../support/use-settee.ts';
import { newCaller, newTeam } from './team.ts';

const settee = useSettee();

test('the list of flows goes on where a space is deleted meanwhile', async () => {
  const caller = await newCaller(settee);
  const graph = { nodes: [], edges: [] };
  const [gone, kept] = [await newTeam(caller), await newTeam(caller)];
  for (const spaceId of [gone.id, kept.id, caller.user.id]) {
    const made = await caller.call('POST /api/flows', { name: 'Flow', flow: graph, spaceId });
    expect(made.status).toBe(201);
  }
  // What a removal has done when it is about to take the entry away.
  await settee.services.couch.deleteDatabase(gone.database);
  const { status, body } = await caller.call('GET /api/flows');
  expect(status).toBe(200);
  const places = body.flows.map(({ spaceId }: { spaceId: string }) => spaceId);
  expect(new Set(places)).toEqual(new Set([kept.id, caller.user.id]));
});
