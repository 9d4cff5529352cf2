import { beforeAll, expect, test } from 'vitest';
import { useSettee } from '../../support/use-settee.ts';
import { newCaller, type Caller } from './team.ts';

const settee = useSettee();
const graph = { nodes: [], edges: [] };
let author: Caller;
let reader: Caller;

beforeAll(async () => {
  [author, reader] = await Promise.all([newCaller(settee), newCaller(settee)]);
});

async function newFlow(name: string, fields: object = {}): Promise<string> {
  const { status, body } = await author.call('POST /api/flows', { name, flow: graph, ...fields });
  expect(status).toBe(201);
  return body.id;
}

async function isShown(name: string): Promise<boolean> {
  return (await reader.call(`GET /api/templates?search=${name}`)).body.total > 0;
}

/** A flow of which there is a template, and which says that it is private. */
async function newHidden(name: string): Promise<string> {
  const { templates } = settee.services.spaces;
  const id = await newFlow(name, { visibility: 'private' });
  const { database } = (await author.call('GET /api/spaces')).body.spaces[0];
  const flow = await settee.services.couch.admin<never>(database).get(`flow:${id}`);
  await templates.publish(flow, { database, by: author.user.id, spaceId: author.user.id });
  expect(await isShown(name)).toBe(true);
  return id;
}

// Nothing looks by itself at what the flows of these tests say.
beforeAll(() => settee.services.spaces.hiddenFlows.close());

test('making a flow private takes its template away, also where it says so already', async () => {
  const id = await newHidden('asked');
  expect((await author.call(`PUT /api/flows/${id}`, { visibility: 'private' })).status).toBe(200);
  expect(await isShown('asked')).toBe(false);
});

test('deleting a flow takes its template away, whatever the flow says', async () => {
  const id = await newHidden('deleted');
  expect((await author.call(`DELETE /api/flows/${id}`)).status).toBe(200);
  expect(await isShown('deleted')).toBe(false);
});
