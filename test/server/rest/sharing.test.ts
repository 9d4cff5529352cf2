import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { outcome } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { join, newCaller, newTeam, readDocuments, type Caller } from './team.ts';

const graph = { nodes: [{ id: 'a', position: { x: 0, y: 0 }, data: { label: 'Start' } }], edges: [] };
const settee = useSettee();
let owner: Caller;
let other: Caller;

beforeAll(async () => {
  owner = await newCaller(settee);
  other = await newCaller(settee);
});
async function newFlow(fields: object = {}): Promise<string> {
  const { status, body } = await owner.call('POST /api/flows', { name: 'Shared', flow: graph, ...fields });
  expect(status).toBe(201);
  return body.id;
}

const personalOf = async (who: Caller) => (await who.call('GET /api/spaces')).body.spaces[0];

async function share(id: string, who: Caller, role = 'editor') {
  const answer = await owner.call(`PUT /api/flows/${id}/contributors/${who.user.id}`, { role });
  expect(answer.status).toBe(200);
  return answer.body;
}

describe('a first share', () => {
  it('moves the flow with its versions into a space that both see at once', async () => {
    const id = await newFlow();
    await owner.call(`POST /api/flows/${id}/versions`, { changes: 'first' });
    const { contributors, spaceId } = await share(id, other);
    expect(contributors).toEqual([
      { userId: owner.user.id, name: owner.email, role: 'owner' },
      { userId: other.user.id, name: other.email, role: 'editor' },
    ]);
    for (const who of [owner, other]) {
      const { body } = await who.call(`GET /api/flows/${id}`);
      expect(body).toMatchObject({ id, name: 'Shared', spaceId, contributors });
      expect((await who.call(`GET /api/flows/${id}/versions`)).body.versions).toHaveLength(1);
    }
    const memberships = await readDocuments(other, (await personalOf(other)).database, 'membership:');
    expect(memberships).toContainEqual(expect.objectContaining({ spaceId, kind: 'shared', name: 'Shared' }));
    const left = await readDocuments(owner, (await personalOf(owner)).database, `moved:${id}`);
    expect(left).toEqual([expect.objectContaining({ to: { spaceId, kind: 'shared' } })]);
  });

  it('is one, also where two are shared with at the same time', async () => {
    const id = await newFlow();
    const third = await newCaller(settee);
    const [a, b] = await Promise.all([share(id, other), share(id, third, 'viewer')]);
    expect(a.spaceId).toBe(b.spaceId);
    const { body } = await third.call(`GET /api/flows/${id}`);
    expect(body.contributors).toHaveLength(3);
  });

  it('can be an invitation by e-mail', async () => {
    const id = await newFlow();
    const guest = await newCaller(settee);
    const call = { email: guest.email, role: 'viewer' };
    const invited = await owner.call(`PUT /api/flows/${id}/contributors`, call);
    expect(invited.status).toBe(201);
    expect(outcome(await guest.call(`GET /api/flows/${id}`))).toBe('404 not_found');
    await guest.call(`POST /api/invitations/${invited.body.token}/accept`);
    expect((await guest.call(`GET /api/flows/${id}`)).status).toBe(200);
  });

  it('is refused to all but owners, to nobody, and for flows of a team', async () => {
    const id = await newFlow();
    const path = `PUT /api/flows/${id}/contributors`;
    expect(outcome(await other.call(`${path}/${owner.user.id}`, { role: 'viewer' }))).toBe('404 not_found');
    expect(outcome(await owner.call(`${path}/${randomUUID()}`, { role: 'viewer' }))).toBe('404 not_found');
    expect(outcome(await owner.call(`${path}/${other.user.id}`, { role: 'owner' }))).toBe('400 invalid_body');
    const team = await newTeam(owner);
    await owner.call(`POST /api/flows/${id}/move`, { spaceId: team.id });
    expect(outcome(await owner.call(`${path}/${other.user.id}`, { role: 'viewer' }))).toBe('409 conflict');
  });
});

describe('a contributor', () => {
  it('edits as editor and reads as viewer; only the owner deletes', async () => {
    const id = await newFlow();
    await share(id, other);
    expect((await other.call(`PUT /api/flows/${id}`, { description: 'edited' })).status).toBe(200);
    expect(outcome(await other.call(`DELETE /api/flows/${id}`))).toBe('403 forbidden');
    await share(id, other, 'viewer');
    expect((await other.call(`GET /api/flows/${id}`)).body.description).toBe('edited');
    expect(outcome(await other.call(`PUT /api/flows/${id}`, { name: 'no' }))).toBe('403 read_only');
    expect(outcome(await other.call(`POST /api/flows/${id}/versions`, {}))).toBe('403 read_only');
    expect((await other.call('GET /api/flows')).body.flows).toContainEqual(
      expect.objectContaining({ id, role: 'viewer' }),
    );
    const copy = await other.call(`POST /api/flows/${id}/duplicate`);
    expect(copy.body).toMatchObject({ parentFlowId: id, spaceId: other.user.id });
    expect((await owner.call(`DELETE /api/flows/${id}`)).status).toBe(200);
  });

  it('sees the runs made since it was shared, and the owner those before as well', async () => {
    const id = await newFlow();
    const run = { flowId: id, trigger: 'manual' };
    await owner.call('POST /api/executions', run);
    await share(id, other);
    const shared = await owner.call('POST /api/executions', run);
    const seenBy = async (who: Caller) => (await who.call(`GET /api/executions?flowId=${id}`)).body;
    expect(await seenBy(owner)).toMatchObject({ total: 2 });
    expect((await seenBy(other)).executions.map((one: { id: string }) => one.id)).toEqual([shared.body.id]);
    expect((await owner.call(`GET /api/flows/${id}/stats`)).body.totalExecutions).toBe(2);
    expect((await other.call(`GET /api/analytics/executions?flowId=${id}`)).body.total).toBe(1);
    const end = { status: 'completed', results: [] };
    expect((await other.call(`PUT /api/executions/${shared.body.id}/complete`, end)).status).toBe(200);
    await share(id, other, 'viewer');
    const again = await other.call(`PUT /api/executions/${shared.body.id}/complete`, end);
    expect(outcome(again)).toBe('403 read_only');
  });

  it('who is the last one and goes leaves the flow and its runs in the owner’s personal space', async () => {
    const id = await newFlow();
    const third = await newCaller(settee);
    const { spaceId } = await share(id, other);
    await share(id, third);
    await other.call(`PUT /api/flows/${id}`, { description: 'kept' });
    await other.call('POST /api/executions', { flowId: id, trigger: 'manual' });
    expect((await third.call(`DELETE /api/flows/${id}/contributors/${third.user.id}`)).status).toBe(204);
    expect((await owner.call(`GET /api/flows/${id}`)).body.spaceId).toBe(spaceId);
    expect((await owner.call(`DELETE /api/flows/${id}/contributors/${other.user.id}`)).status).toBe(204);
    const { body } = await owner.call(`GET /api/flows/${id}`);
    expect(body).toMatchObject({ spaceId: owner.user.id, description: 'kept' });
    expect((await owner.call(`GET /api/executions?flowId=${id}`)).body.total).toBe(1);
    expect(outcome(await other.call(`GET /api/flows/${id}`))).toBe('404 not_found');
    const { spaces } = (await owner.call('GET /api/spaces')).body;
    expect(spaces.map((space: { id: string }) => space.id)).not.toContain(spaceId);
    await share(id, other);
    expect((await other.call(`GET /api/flows/${id}`)).body.description).toBe('kept');
  });
});

describe('visibility', () => {
  it('moves a flow into the team and back', async () => {
    const id = await newFlow();
    const member = await newCaller(settee);
    const lead = await newCaller(settee);
    const made = await lead.call('POST /api/flows', { name: 'Plan', flow: graph });
    const path = `/api/flows/${made.body.id}`;
    expect(outcome(await lead.call(`PUT ${path}`, { visibility: 'team' }))).toBe('400 bad_request');
    const team = await newTeam(lead);
    await join(team, { owner: lead, who: member, role: 'viewer' });
    const moved = await lead.call(`PUT ${path}`, { visibility: 'team' });
    expect(moved.body).toMatchObject({ spaceId: team.id, visibility: 'team' });
    expect((await member.call(`GET ${path}`)).status).toBe(200);
    const second = await newTeam(lead, 'Second');
    const unclear = await lead.call(`POST /api/flows`, { name: 'x', flow: graph, visibility: 'team' });
    expect(outcome(unclear)).toBe('400 bad_request');
    const named = await lead.call(`PUT ${path}`, { visibility: 'team', teamId: second.id });
    expect(named.body.spaceId).toBe(second.id);
    const back = await lead.call(`PUT ${path}`, { visibility: 'private' });
    expect(back.body).toMatchObject({ spaceId: lead.user.id, visibility: 'private', name: 'Plan' });
    expect(outcome(await member.call(`GET ${path}`))).toBe('404 not_found');
    expect(outcome(await other.call(`POST /api/flows/${id}/move`, { spaceId: other.user.id }))).toBe(
      '404 not_found',
    );
  });

  it('lets a flow be made in a team, and lists by space', async () => {
    const team = await newTeam(owner);
    const id = await newFlow({ spaceId: team.id });
    expect((await owner.call(`GET /api/flows/${id}`)).body.spaceId).toBe(team.id);
    const { body } = await owner.call(`GET /api/flows?spaceId=${team.id}`);
    expect(body.flows).toEqual([expect.objectContaining({ id, spaceId: team.id, role: 'owner' })]);
    expect((await owner.call(`GET /api/analytics/flows?spaceId=${team.id}`)).body.total).toBe(1);
    expect(outcome(await other.call(`GET /api/flows?spaceId=${team.id}`))).toBe('404 not_found');
    const elsewhere = await other.call('POST /api/flows', { name: 'x', flow: graph, spaceId: team.id });
    expect(outcome(elsewhere)).toBe('404 not_found');
  });
});

describe('sync over REST', () => {
  it('gives flows of all spaces, those of a new one whole, and takes edits where the flow is', async () => {
    const device = await newCaller(settee);
    const own = await device.call('POST /api/flows', { name: 'Own', flow: graph });
    const id = await newFlow();
    await owner.call(`PUT /api/flows/${id}`, { description: 'long ago' });
    const first = (await device.call('GET /api/sync/flows')).body;
    expect(first.flows.map((flow: { id: string }) => flow.id)).toEqual([own.body.id]);
    const { spaceId } = await share(id, device);
    const since = encodeURIComponent(first.syncedAt);
    const second = (await device.call(`GET /api/sync/flows?since=${since}`)).body;
    const [shared] = second.flows.filter((flow: { id: string }) => flow.id === id);
    expect(shared).toMatchObject({ description: 'long ago', spaceId });
    const edit = { ...shared, description: 'by sync' };
    const pushed = await device.call('POST /api/sync/flows', {
      flows: [edit],
      lastSyncAt: second.syncedAt,
    });
    expect(pushed.body).toMatchObject({ synced: [id], conflicts: [] });
    const { body } = await owner.call(`GET /api/flows/${id}`);
    expect(body).toMatchObject({ description: 'by sync', spaceId });
    await share(id, device, 'viewer');
    const again = await device.call('POST /api/sync/flows', { flows: [{ ...edit, name: 'no' }] });
    expect(again.body.refused).toEqual([expect.objectContaining({ flowId: id })]);
  });
});
