import { describe, expect, it } from 'vitest';
import { makeFlowDocuments } from '../support/flows.ts';
import { rest } from '../support/rest-client.ts';
import { isEvent, type OpenLiveOptions, type TestStream } from '../server/live/open-live.ts';
import { registerPersonal, type PersonalAccount } from '../server/proxy/personal-account.ts';
import { useTeams } from './use-teams.ts';

const { settee, as, listen, openTeam } = useTeams();

let seed = 100;
async function write(who: PersonalAccount, database: string): Promise<void> {
  const [flow] = makeFlowDocuments({ seed: (seed += 1), count: 1, size: 3000 });
  const answer = await who.ask(`/${database}/${flow?._id}`, { method: 'PUT', json: flow });
  expect(answer.status).toBe(201);
}

const textOf = ({ events }: TestStream): string => JSON.stringify(events);

describe('the live stream', () => {
  it('opens for a valid token in the header only', async () => {
    const { accessToken } = await registerPersonal(settee);
    const attempts: OpenLiveOptions[] = [
      {},
      { token: 'x' },
      { token: `${accessToken.slice(0, -3)}AAA` },
      { query: `?token=${accessToken}` },
      { query: `?access_token=${accessToken}` },
      { headers: { cookie: `token=${accessToken}` } },
      { headers: { authorization: `Basic ${btoa('admin:password')}` } },
    ];
    for (const attempt of attempts) expect((await listen(attempt)).status).toBe(401);
    expect((await listen({ token: accessToken })).status).toBe(200);
  });

  it('tells of one’s own spaces, whatever is asked for', async () => {
    const team = await openTeam();
    const stranger = await registerPersonal(settee);
    const asked = `?userId=${team.owner.user.id}&space=${team.id}&spaces=${team.id}`;
    const stream = await listen({ token: stranger.accessToken, query: asked });
    const hello = await stream.next(isEvent('hello'));
    const ids = (hello.data.spaces as { id: string }[]).map(({ id }) => id);
    expect(ids.filter((id) => id !== 'templates')).toEqual([stranger.user.id]);
    await write(team.owner, team.database);
    await write(team.owner, team.owner.database);
    await write(stranger, stranger.database);
    await stream.next(isEvent('hint', { space: stranger.user.id }));
    expect(textOf(stream)).not.toContain(team.id);
    expect(textOf(stream)).not.toContain(team.owner.user.id);
  });

  it('resumes nobody else’s stream by its event id', async () => {
    const team = await openTeam();
    const theirs = await listen({ token: team.owner.accessToken });
    await theirs.next(isEvent('hello'));
    const lastEventId = theirs.lastId() as string;
    await write(team.owner, team.database);
    await theirs.next(isEvent('hint', { space: team.id }));
    const stranger = await registerPersonal(settee);
    for (const options of [{ lastEventId }, { query: `?lastEventId=${encodeURIComponent(lastEventId)}` }]) {
      const stream = await listen({ token: stranger.accessToken, ...options });
      await write(stranger, stranger.database);
      await stream.next(isEvent('hint', { space: stranger.user.id }));
      expect(textOf(stream)).not.toContain(team.id);
    }
  });

  it('is silent about a space from the moment of the removal, also when it is resumed', async () => {
    const team = await openTeam();
    const { owner, member, id, database } = team;
    const stream = await listen({ token: member.accessToken });
    await stream.next(isEvent('hello'));
    await write(owner, database);
    await stream.next(isEvent('hint', { space: id }));
    const before = stream.lastId() as string;
    await as(owner, `DELETE /api/spaces/${id}/members/${member.user.id}`);
    await stream.next(isEvent('revoked', { space: id, code: 'membership_ended' }));
    const known = stream.events.length;
    await write(owner, database);
    await as(owner, `PATCH /api/spaces/${id}`, { name: 'A secret name' });
    await write(member, member.database);
    await stream.next(
      (event) => stream.events.indexOf(event) >= known && event.data.space === member.user.id,
    );
    const after = stream.events.slice(known);
    expect(JSON.stringify(after)).not.toContain(id);
    const resumed = await listen({ token: member.accessToken, lastEventId: before });
    await write(member, member.database);
    await resumed.next(isEvent('hint', { space: member.user.id }));
    const hints = resumed.events.filter(isEvent('hint', { space: id }));
    expect(hints).toEqual([]);
    expect(textOf(resumed)).not.toContain('A secret name');
  });

  it('says that a role is another one to whom it belongs, and to nobody else', async () => {
    const team = await openTeam();
    const { owner, member, id } = team;
    const [his, hers] = [
      await listen({ token: member.accessToken }),
      await listen({ token: owner.accessToken }),
    ];
    for (const stream of [his, hers]) await stream.next(isEvent('hello'));
    await as(owner, `PATCH /api/spaces/${id}/members/${member.user.id}`, { role: 'viewer' });
    await his.next(isEvent('role', { space: id, role: 'viewer' }));
    await write(owner, owner.database);
    await hers.next(isEvent('hint', { space: owner.user.id }));
    expect(hers.events.filter(({ event }) => event === 'role')).toEqual([]);
  });

  it('ends with its session', async () => {
    const person = await registerPersonal(settee);
    const stream = await listen({ token: person.accessToken });
    await stream.next(isEvent('hello'));
    const signedOut = await rest(settee.url, 'POST /api/auth/logout', {
      token: person.accessToken,
      body: { refreshToken: person.refreshToken },
    });
    expect(signedOut.status).toBeLessThan(300);
    await stream.ended;
    expect((await listen({ token: person.accessToken })).status).toBe(401);
  });
});
