import { beforeAll, describe, expect, it } from 'vitest';
import { membershipDocumentSchema, personalDatabase, spaceDatabase } from '../../../schema/index.ts';
import { outcome } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { join, newCaller, newTeam, readDocuments, type Caller } from './team.ts';

const settee = useSettee();
let owner: Caller;
let member: Caller;
let stranger: Caller;

beforeAll(async () => {
  [owner, member, stranger] = await Promise.all([newCaller(settee), newCaller(settee), newCaller(settee)]);
});
const personal = (who: Caller): string => personalDatabase(who.user.id, settee.config.databasePrefix);
const memberships = (who: Caller) => readDocuments(who, personal(who), 'membership:');

async function listed(who: Caller, id: string): Promise<Record<string, unknown> | undefined> {
  const { body } = await who.call('GET /api/spaces');
  return body.spaces.find((space: { id: string }) => space.id === id);
}

describe('a team space', () => {
  it('is made as the list shows it, with a database and a membership document for its owner', async () => {
    const made = await owner.call('POST /api/spaces', { name: '  Research ', kind: 'team' });
    expect(made.status).toBe(201);
    const { id } = made.body;
    const database = spaceDatabase(id, settee.config.databasePrefix);
    const url = `${settee.url}/db/${database}`;
    expect(made.body).toMatchObject({
      id,
      kind: 'team',
      name: 'Research',
      role: 'owner',
      database,
      url,
      runs: [],
    });
    expect(Object.keys((await listed(owner, id)) ?? {})).toEqual(Object.keys(made.body));
    expect(await listed(stranger, id)).toBeUndefined();
    expect((await owner.call(`GET /db/${database}`)).status).toBe(200);
    expect((await stranger.call(`GET /db/${database}`)).status).toBe(404);
    const document = (await memberships(owner)).find(({ spaceId }) => spaceId === id);
    expect(document).toMatchObject({ kind: 'team', name: 'Research', role: 'owner', database });
    expect(membershipDocumentSchema.safeParse(document).success).toBe(true);
  });

  it('takes a name of one line, and no kind but team', async () => {
    for (const body of [
      {},
      { name: ' ' },
      { name: 'a\nb' },
      { name: 'x'.repeat(256) },
      { name: 'x', kind: 'templates' },
    ]) {
      expect(outcome(await owner.call('POST /api/spaces', body))).toBe('400 invalid_body');
    }
  });

  it('is renamed by an owner, for all members', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member });
    const renamed = await owner.call(`PATCH /api/spaces/${team.id}`, { name: 'Another' });
    expect(renamed.body).toMatchObject({ id: team.id, name: 'Another' });
    expect(await listed(member, team.id)).toMatchObject({ name: 'Another' });
    expect((await memberships(member)).find(({ spaceId }) => spaceId === team.id).name).toBe('Another');
    expect(outcome(await member.call(`PATCH /api/spaces/${team.id}`, { name: 'Mine' }))).toBe(
      '403 forbidden',
    );
    expect(outcome(await stranger.call(`PATCH /api/spaces/${team.id}`, { name: 'Mine' }))).toBe(
      '404 not_found',
    );
  });

  it('is deleted by an owner with its databases, and its members’ browsers are told', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member });
    expect(outcome(await member.call(`DELETE /api/spaces/${team.id}`))).toBe('403 forbidden');
    const before = (await member.call(`GET /db/${personal(member)}/_changes`)).body.last_seq;
    expect((await owner.call(`DELETE /api/spaces/${team.id}`)).status).toBe(204);
    expect(await listed(member, team.id)).toBeUndefined();
    expect(await settee.services.couch.exists(team.database)).toBe(false);
    expect((await member.call(`GET /db/${team.database}`)).status).toBe(404);
    const { body } = await member.call(
      `GET /db/${personal(member)}/_changes?include_docs=true&since=${before}`,
    );
    const told = body.results.find(({ id }: { id: string }) => id === `membership:${team.id}`);
    expect(told).toMatchObject({ deleted: true, doc: { code: 'space_deleted' } });
    expect(outcome(await owner.call(`DELETE /api/spaces/${team.id}`))).toBe('404 not_found');
  });
});

describe('personal and template spaces', () => {
  it('are nobody’s to change', async () => {
    for (const id of [owner.user.id, 'templates']) {
      for (const [target, body] of [
        [`PATCH /api/spaces/${id}`, { name: 'Mine' }],
        [`DELETE /api/spaces/${id}`, undefined],
        [`POST /api/spaces/${id}/invitations`, { email: stranger.email, role: 'editor' }],
        [`POST /api/spaces/${id}/owner`, { userId: stranger.user.id }],
        [`PATCH /api/spaces/${id}/members/${owner.user.id}`, { role: 'viewer' }],
      ] as const) {
        expect([target, outcome(await owner.call(target, body))]).toEqual([target, '403 forbidden']);
      }
      expect((await owner.call(`DELETE /api/spaces/${id}/members/${owner.user.id}`)).status).not.toBe(204);
      expect(await listed(owner, id)).toBeDefined();
    }
  });

  it('give the templates to everybody to read, and to nobody to write', async () => {
    const space = await listed(stranger, 'templates');
    const database = spaceDatabase('templates', settee.config.databasePrefix);
    expect(space).toMatchObject({ kind: 'templates', role: 'viewer', database });
    expect((await stranger.call(`GET /db/${database}/_all_docs`)).status).toBe(200);
    const written = await stranger.call(`POST /db/${database}/_bulk_docs`, {
      docs: [{ _id: `device:${stranger.user.id}`, type: 'device' }],
    });
    expect(written.body).toMatchObject([{ error: 'forbidden' }]);
    expect(await memberships(stranger)).toEqual([]);
    expect((await stranger.call('GET /api/spaces/templates/members')).body).toEqual({ members: [] });
  });
});

describe('members', () => {
  it('are listed to members with their addresses, and to nobody else', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member, role: 'viewer' });
    const { body } = await member.call(`GET /api/spaces/${team.id}/members`);
    expect(body.members).toEqual([
      { userId: owner.user.id, email: owner.email, role: 'owner', since: expect.any(String) },
      { userId: member.user.id, email: member.email, role: 'viewer', since: expect.any(String) },
    ]);
    for (const target of [`GET /api/spaces/${team.id}/members`, 'GET /api/spaces/nowhere/members']) {
      expect(outcome(await stranger.call(target))).toBe('404 not_found');
    }
  });

  it('are given roles by an owner, which the proxy heeds at once', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member });
    const write = () =>
      member.call(`POST /db/${team.database}/_bulk_docs`, { docs: [{ _id: 'settings', type: 'nothing' }] });
    const before = (await memberships(member)).find(({ spaceId }) => spaceId === team.id);
    expect((await write()).body[0].reason).not.toMatch(/viewer/);
    const path = `PATCH /api/spaces/${team.id}/members/${member.user.id}`;
    expect((await owner.call(path, { role: 'viewer' })).body).toMatchObject({
      userId: member.user.id,
      role: 'viewer',
    });
    expect((await write()).body).toMatchObject([{ error: 'forbidden' }]);
    const after = (await memberships(member)).find(({ spaceId }) => spaceId === team.id);
    expect(after.role).toBe('viewer');
    expect(after.grant).not.toBe(before.grant);
    expect((await owner.call(path, { role: 'editor' })).status).toBe(200);
    const raised = (await memberships(member)).find(({ spaceId }) => spaceId === team.id);
    expect(raised).toMatchObject({ role: 'editor', grant: after.grant });
    expect(outcome(await member.call(path, { role: 'owner' }))).toBe('403 forbidden');
    expect(outcome(await owner.call(path, { role: 'king' }))).toBe('400 invalid_body');
    const nobody = `PATCH /api/spaces/${team.id}/members/${stranger.user.id}`;
    expect(outcome(await owner.call(nobody, { role: 'editor' }))).toBe('404 not_found');
  });

  it('are removed by an owner, and leave by themselves; with another grant when they come again', async () => {
    const team = await newTeam(owner);
    const path = (who: Caller): string => `DELETE /api/spaces/${team.id}/members/${who.user.id}`;
    await join(team, { owner, who: member });
    await join(team, { owner, who: stranger, role: 'viewer' });
    const [first] = (await memberships(member)).filter(({ spaceId }) => spaceId === team.id);
    expect(outcome(await member.call(path(stranger)))).toBe('403 forbidden');
    expect((await stranger.call(path(stranger))).status).toBe(204);
    expect((await owner.call(path(member))).status).toBe(204);
    expect(outcome(await owner.call(path(member)))).toBe('404 not_found');
    expect(outcome(await member.call(`GET /api/spaces/${team.id}/members`))).toBe('404 not_found');
    expect((await memberships(member)).some(({ spaceId }) => spaceId === team.id)).toBe(false);
    await join(team, { owner, who: member });
    const [second] = (await memberships(member)).filter(({ spaceId }) => spaceId === team.id);
    expect(second.grant).not.toBe(first.grant);
  });

  it('always have an owner among them', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member });
    const own = `/api/spaces/${team.id}/members/${owner.user.id}`;
    expect(outcome(await owner.call(`DELETE ${own}`))).toBe('409 last_owner');
    expect(outcome(await owner.call(`PATCH ${own}`, { role: 'editor' }))).toBe('409 last_owner');
    const handOver = `POST /api/spaces/${team.id}/owner`;
    expect(outcome(await member.call(handOver, { userId: member.user.id }))).toBe('403 forbidden');
    expect(outcome(await owner.call(handOver, { userId: stranger.user.id }))).toBe('404 not_found');
    expect((await owner.call(handOver, { userId: member.user.id })).status).toBe(204);
    expect(await listed(owner, team.id)).toMatchObject({ role: 'editor' });
    expect(await listed(member, team.id)).toMatchObject({ role: 'owner' });
    expect((await owner.call(`DELETE ${own}`)).status).toBe(204);
  });

  it('keep an owner where two owners leave at the same time', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member, role: 'owner' });
    const leave = (who: Caller) => who.call(`DELETE /api/spaces/${team.id}/members/${who.user.id}`);
    const outcomes = (await Promise.all([leave(owner), leave(member)])).map(outcome);
    expect(outcomes.toSorted()).toEqual(['204', '409 last_owner']);
  });

  it('have a request of theirs cut off before the removal is answered', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member });
    const feed = await fetch(
      `${settee.url}/db/${team.database}/_changes?feed=continuous&heartbeat=1000&since=now`,
      {
        headers: { authorization: `Bearer ${member.accessToken}` },
      },
    );
    let ended = false;
    const end = feed.text().then(
      () => (ended = true),
      () => (ended = true),
    );
    expect((await owner.call(`DELETE /api/spaces/${team.id}/members/${member.user.id}`)).status).toBe(204);
    await end;
    expect(ended).toBe(true);
  });
});

describe('an account', () => {
  it('stays while others use a space that only it owns, and goes with the spaces where it is alone', async () => {
    const leaver = await newCaller(settee);
    const used = await newTeam(leaver, 'Used');
    const lonely = await newTeam(leaver, 'Lonely');
    const other = await newTeam(owner, 'Other');
    await join(used, { owner: leaver, who: member });
    await join(other, { owner, who: leaver });
    const remove = () => leaver.call('DELETE /api/auth/me', { password: leaver.password });
    const refused = await remove();
    expect(outcome(refused)).toBe('409 last_owner');
    expect(refused.body.details).toEqual({ spaces: [{ id: used.id, name: 'Used', kind: 'team' }] });
    expect((await leaver.call('GET /api/auth/me')).status).toBe(200);
    await leaver.call(`POST /api/spaces/${used.id}/owner`, { userId: member.user.id });
    expect((await remove()).status).toBe(204);
    expect(await settee.services.couch.exists(lonely.database)).toBe(false);
    const left = (await owner.call(`GET /api/spaces/${other.id}/members`)).body.members;
    expect(left.map(({ userId }: { userId: string }) => userId)).toEqual([owner.user.id]);
    expect((await member.call(`GET /api/spaces/${used.id}/members`)).body.members).toHaveLength(1);
  });
});
