import { expect, test, vi } from 'vitest';
import { useSettee } from '../../support/use-settee.ts';
import { newCaller, newTeam, type Caller } from './team.ts';

const settee = useSettee();
const graph = { nodes: [], edges: [] };

async function publish(who: Caller, name: string, fields: object = {}): Promise<string> {
  const call = { name, flow: graph, visibility: 'public', ...fields };
  const { status, body } = await who.call('POST /api/flows', call);
  expect(status).toBe(201);
  return body.id;
}

async function templateOf(who: Caller, name: string): Promise<string | undefined> {
  const { body } = await who.call(`GET /api/templates?search=${name}`);
  return body.templates[0]?.id;
}

test('the templates of a team go with it, but not the flows that were made of them', async () => {
  const [author, reader] = [await newCaller(settee), await newCaller(settee)];
  const team = await newTeam(author);
  await publish(author, 'Going', { spaceId: team.id });
  await publish(author, 'Staying');
  const moved = await publish(author, 'Moved', { spaceId: team.id });
  const use = `POST /api/templates/${await templateOf(reader, 'going')}/use`;
  const { body: made } = await reader.call(use);
  await author.call(`POST /api/flows/${moved}/move`, { spaceId: author.user.id });
  const arrived = await publish(author, 'Arrived');
  await author.call(`POST /api/flows/${arrived}/move`, { spaceId: team.id });
  expect((await author.call(`DELETE /api/spaces/${team.id}`)).status).toBe(204);
  expect([await templateOf(reader, 'going'), await templateOf(reader, 'arrived')]).toEqual([
    undefined,
    undefined,
  ]);
  expect([await templateOf(reader, 'staying'), await templateOf(reader, 'moved')]).not.toContain(undefined);
  expect((await reader.call(use)).status).toBe(404);
  expect((await reader.call(`GET /api/flows/${made.id}`)).body).toMatchObject({ name: 'Going' });
});

test('the template of a flow that is shared with nobody any more stays', async () => {
  const [author, other] = [await newCaller(settee), await newCaller(settee)];
  const id = await publish(author, 'Unshared');
  const path = `/api/flows/${id}/contributors/${other.user.id}`;
  await author.call(`PUT ${path}`, { role: 'editor' });
  await author.call(`PUT /api/flows/${id}`, { visibility: 'public' });
  await author.call(`DELETE ${path}`);
  expect((await author.call(`GET /api/flows/${id}`)).body.spaceId).toBe(author.user.id);
  expect(await templateOf(other, 'unshared')).toBeDefined();
});

test('with an account go its templates, those in a team of its own as well', async () => {
  const [author, reader] = [await newCaller(settee), await newCaller(settee)];
  const team = await newTeam(author);
  await publish(author, 'Personal');
  await publish(author, 'Teamwork', { spaceId: team.id });
  await settee.services.spaces.removeUser(author.user.id);
  await vi.waitFor(async () => {
    expect([await templateOf(reader, 'personal'), await templateOf(reader, 'teamwork')]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
