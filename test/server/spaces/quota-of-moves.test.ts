import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { QuotaLimits } from '../../../server/config.ts';
import { outcome } from '../../support/rest-client.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';
import { newCaller, newTeam, readDocuments, type Caller } from '../rest/team.ts';

const unlimited = { documents: 0, bytes: 0 };
const graph = { nodes: [], edges: [] };
let settee: TestSettee;
let owner: Caller;

afterEach(() => settee.stop());

async function start(quota: Partial<QuotaLimits>): Promise<void> {
  settee = await startSettee({ config: { quota: { space: unlimited, user: unlimited, ...quota } } });
  owner = await newCaller(settee);
}

async function newFlow(fields: object = {}): Promise<string> {
  const { status, body } = await owner.call('POST /api/flows', { name: 'Flow', flow: graph, ...fields });
  expect(status).toBe(201);
  return body.id;
}

/** A flow with a version in the personal space, beside a team that has a flow already. */
async function newFlowBesideTeam(): Promise<{ team: { id: string }; id: string }> {
  const team = await newTeam(owner);
  await newFlow({ spaceId: team.id });
  const id = await newFlow();
  await owner.call(`POST /api/flows/${id}/versions`, {});
  return { team, id };
}

/** A design document, and what a personal space has for the team. */
const initial = 1;
const membership = 1;

test('a flow moves only into where there is room for it and its versions', async () => {
  await start({ space: { documents: initial + 3, bytes: 0 } });
  const { team, id } = await newFlowBesideTeam();
  const other = await newCaller(settee);
  const full = await newTeam(owner, 'Full');
  for (let n = 0; n < 2; n += 1) await newFlow({ spaceId: full.id });
  const before = await readDocuments(owner, full.database, '');
  for (const [target, body] of [
    [`POST /api/flows/${id}/move`, { spaceId: full.id }],
    [`PUT /api/flows/${id}`, { visibility: 'team', teamId: full.id, name: 'Renamed' }],
  ] as const) {
    expect(outcome(await owner.call(target, body))).toBe('413 quota_exceeded');
  }
  expect(await readDocuments(owner, full.database, '')).toEqual(before);
  // What came with the refused move is not stored either.
  expect((await owner.call(`GET /api/flows/${id}`)).body).toMatchObject({
    spaceId: owner.user.id,
    name: 'Flow',
  });
  // Who may not move it is not told how full the other space is.
  expect(outcome(await other.call(`POST /api/flows/${id}/move`, { spaceId: full.id }))).toBe('404 not_found');
  expect((await owner.call(`POST /api/flows/${id}/move`, { spaceId: team.id })).status).toBe(200);
});

test('a change that moves a flow counts once', async () => {
  await start({ space: { documents: initial + 4, bytes: 0 } });
  const { team, id } = await newFlowBesideTeam();
  const wanted = { visibility: 'team', teamId: team.id, name: 'Renamed' };
  const { status, body } = await owner.call(`PUT /api/flows/${id}`, wanted);
  expect([status, body.name, body.spaceId]).toEqual([200, 'Renamed', team.id]);
});

test('what moves between the spaces of one owner takes no more of his quota', async () => {
  await start({ user: { documents: 2 * initial + membership + 1, bytes: 0 } });
  const team = await newTeam(owner);
  const id = await newFlow();
  expect(outcome(await owner.call('POST /api/flows', { name: 'Second', flow: graph }))).toBe(
    '413 quota_exceeded',
  );
  expect((await owner.call(`POST /api/flows/${id}/move`, { spaceId: team.id })).status).toBe(200);
});

test('nothing is copied of a template that there is no room for', async () => {
  await start({ space: { documents: 0, bytes: 250_000 } });
  const data = 'a'.repeat(180_000);
  const asset = `asset:${createHash('sha256').update(data).digest('hex')}`;
  const database = (await owner.call('GET /api/spaces')).body.spaces[0].database;
  await settee.services.couch.admin<object>(database).insert({
    _id: asset,
    type: 'asset',
    schemaVersion: 1,
    contentType: 'text/plain',
    bytes: data.length,
    _attachments: { data: { content_type: 'text/plain', data: btoa(data) } },
  } as object);
  const id = await newFlow({ readme: asset, visibility: 'public' });
  const reader = await newCaller(settee);
  await reader.call('POST /api/flows', { name: 'Large', flow: graph, readme: 'x'.repeat(100_000) });
  const [template] = (await reader.call('GET /api/templates')).body.templates;
  expect(template.name).toBe('Flow');
  const use = await reader.call(`POST /api/templates/${template.id}/use`);
  expect(outcome(use)).toBe('413 quota_exceeded');
  const own = (await reader.call('GET /api/spaces')).body.spaces[0].database;
  expect(await readDocuments(reader, own, 'asset:')).toEqual([]);
  expect((await reader.call('GET /api/flows')).body.total).toBe(1);
  const another = await newCaller(settee);
  expect((await another.call(`POST /api/templates/${template.id}/use`)).status).toBe(201);
  expect(id).toBeDefined();
});
