import { beforeAll, expect, test } from 'vitest';
import { outcome } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { join, newCaller, newTeam, type Caller } from './team.ts';

const graph = { nodes: [{ id: 'a', position: { x: 0, y: 0 }, data: { label: 'Start' } }], edges: [] };
const settee = useSettee();
let author: Caller;
let reader: Caller;

beforeAll(async () => {
  author = await newCaller(settee);
  reader = await newCaller(settee);
});
async function publish(fields: object): Promise<string> {
  const call = { name: 'Example', flow: graph, visibility: 'public', ...fields };
  const { body } = await author.call('POST /api/flows', call);
  return body.id;
}

async function templates(query = ''): Promise<{ id: string; name: string; popularity: number }[]> {
  return (await reader.call(`GET /api/templates${query}`)).body.templates;
}

test('a public flow stays where it is, and everybody reads a template of it', async () => {
  const id = await publish({
    name: 'Greeting',
    tags: ['hello'],
    category: 'chat',
    description: 'says hello',
  });
  expect(outcome(await reader.call(`GET /api/flows/${id}`))).toBe('404 not_found');
  const [template] = await templates('?search=greeting');
  expect(template).toMatchObject({ name: 'Greeting', tags: ['hello'], category: 'chat', popularity: 0 });
  expect(template?.id).not.toBe(id);
  const { body } = await reader.call(`GET /api/templates/${template?.id}`);
  expect(body).toMatchObject({ flow: graph, isTemplate: true });
  expect(JSON.stringify(body)).not.toContain(author.user.id);
  expect((await author.call(`GET /api/flows/${id}`)).body.spaceId).toBe(author.user.id);
  const lists = await Promise.all([author, reader].map((who) => who.call('GET /api/flows')));
  expect(lists.map((list) => list.body.total)).toEqual([1, 0]);
});

test('a template changes when the flow is published again, and goes with it', async () => {
  const id = await publish({ name: 'Changing' });
  await author.call(`PUT /api/flows/${id}`, { description: 'draft' });
  const [before] = await templates('?search=changing');
  expect(before).not.toHaveProperty('description');
  await author.call(`PUT /api/flows/${id}`, { visibility: 'public' });
  const [after] = await templates('?search=changing');
  expect(after).toMatchObject({ id: before?.id, description: 'draft' });
  await author.call(`PUT /api/flows/${id}`, { visibility: 'private' });
  expect(await templates('?search=changing')).toEqual([]);
  await author.call(`PUT /api/flows/${id}`, { visibility: 'public' });
  expect(await templates('?search=changing')).toHaveLength(1);
  await author.call(`DELETE /api/flows/${id}`);
  expect(await templates('?search=changing')).toEqual([]);
});

test('a flow that somebody else makes under the same id changes no template, and takes none away', async () => {
  const id = await publish({ name: 'Original' });
  const [before] = await templates('?search=original');
  const call = { id, name: 'Forged', flow: graph, visibility: 'public' };
  expect((await reader.call('POST /api/flows', call)).status).toBe(201);
  await reader.call(`PUT /api/flows/${id}`, { visibility: 'private' });
  await reader.call(`PUT /api/flows/${id}`, { visibility: 'public' });
  expect(await templates('?search=original')).toEqual([before]);
  expect(await templates('?search=forged')).toHaveLength(1);
  await reader.call(`DELETE /api/flows/${id}`);
  expect(await templates('?search=original')).toEqual([before]);
  expect(await templates('?search=forged')).toEqual([]);
});

test('a public flow keeps its template where another owner publishes it after a move', async () => {
  const team = await newTeam(author);
  await join(team, { owner: author, who: reader, role: 'owner' });
  const id = await publish({ name: 'Wandering' });
  const [before] = await templates('?search=wandering');
  await author.call(`POST /api/flows/${id}/move`, { spaceId: team.id });
  expect(
    (await reader.call(`PUT /api/flows/${id}`, { description: 'ours', visibility: 'public' })).status,
  ).toBe(200);
  expect(await templates('?search=wandering')).toEqual([
    expect.objectContaining({ id: before?.id, description: 'ours' }),
  ]);
});

test('whoever uses a template has a flow of his own, and counts once', async () => {
  await publish({ name: 'Popular one' });
  await publish({ name: 'Popular two' });
  const [first, second] = await templates('?search=popular&sort=name');
  for (const _again of [1, 2, 3]) {
    const used = await reader.call(`POST /api/templates/${second?.id}/use`, { name: 'Mine' });
    expect(used.status).toBe(201);
    expect(used.body).toMatchObject({ name: 'Mine', parentFlowId: second?.id, spaceId: reader.user.id });
    expect(used.body.visibility).toBeUndefined();
    expect((await reader.call(`PUT /api/flows/${used.body.id}`, { name: 'Changed' })).status).toBe(200);
  }
  await author.call(`POST /api/templates/${second?.id}/use`);
  const popular = await templates('?search=popular');
  expect(popular.map(({ id, popularity }) => [id, popularity])).toEqual([
    [second?.id, 2],
    [first?.id, 0],
  ]);
  const missing = `POST /api/templates/${(await author.call('GET /api/flows')).body.flows[0].id}/use`;
  expect(outcome(await reader.call(missing))).toBe('404 not_found');
});

test('templates are read by replication, and written by nobody but the server', async () => {
  await publish({ name: 'Replicated' });
  const { spaces } = (await reader.call('GET /api/spaces')).body;
  const space = spaces.find(({ kind }: { kind: string }) => kind === 'templates');
  expect(space.role).toBe('viewer');
  const [template] = await templates('?search=replicated');
  const path = `/db/${space.database}/flow:${template?.id}`;
  const read = await reader.call(`GET ${path}`);
  expect(read.body.name).toBe('Replicated');
  expect((await author.call(`PUT ${path}`, { ...read.body, name: 'taken over' })).status).toBe(403);
  const team = await newTeam(author);
  const move = await author.call(`POST /api/flows/${template?.id}/move`, { spaceId: team.id });
  expect(outcome(move)).toBe('404 not_found');
});

test('an account that is removed takes its templates along', async () => {
  const leaving = await newCaller(settee);
  await leaving.call('POST /api/flows', { name: 'Leaving', flow: graph, visibility: 'public' });
  expect(await templates('?search=leaving')).toHaveLength(1);
  expect((await leaving.call('DELETE /api/auth/me', { password: leaving.password })).status).toBe(204);
  expect(await templates('?search=leaving')).toEqual([]);
});
