import { expect, test } from 'vitest';
import { outcome } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { newCaller, newTeam } from './team.ts';

const settee = useSettee();
const graph = { nodes: [], edges: [] };

test('a call on a space whose database goes meanwhile answers that there is none', async () => {
  const caller = await newCaller(settee);
  const { id: own } = (await caller.call('POST /api/flows', { name: 'Own', flow: graph })).body;
  const team = await newTeam(caller);
  const fields = { name: 'Flow', flow: graph, spaceId: team.id };
  const { id } = (await caller.call('POST /api/flows', fields)).body;
  await settee.services.couch.deleteDatabase(team.database);
  const calls: [string, object?][] = [
    [`GET /api/flows/${id}`],
    [`PUT /api/flows/${id}`, { name: 'New' }],
    [`DELETE /api/flows/${id}`],
    [`POST /api/flows/${id}/versions`, {}],
    [`POST /api/flows/${id}/duplicate`, {}],
    [`POST /api/flows/${id}/move`, { spaceId: caller.user.id }],
    ['POST /api/flows', fields],
    [`GET /api/analytics/flows?spaceId=${team.id}`],
  ];
  for (const [target, body] of calls) {
    expect([target, outcome(await caller.call(target, body))]).toEqual([target, '404 not_found']);
  }
  // It has nothing to do with those.
  expect((await caller.call(`PUT /api/flows/${own}`, { name: 'Mine' })).status).toBe(200);
});

test('what reads all spaces goes on without one that is deleted meanwhile', async () => {
  const caller = await newCaller(settee);
  const targets = ['flows', 'sync/flows', 'analytics/flows', 'analytics/activity', 'executions'];
  for (let round = 0; round < 4; round += 1) {
    const team = await newTeam(caller);
    await caller.call('POST /api/flows', { name: 'Flow', flow: graph, spaceId: team.id });
    const answered: true[] = [];
    const removal = caller.call(`DELETE /api/spaces/${team.id}`).finally(() => answered.push(true));
    while (answered.length === 0) {
      const answers = await Promise.all(targets.map((target) => caller.call(`GET /api/${target}`)));
      expect(answers.map(outcome)).toEqual(targets.map(() => '200'));
    }
    expect((await removal).status).toBe(204);
  }
});
