import { beforeAll, describe, expect, it } from 'vitest';
import { makeFlowDocuments } from '../support/flows.ts';
import type { RestAnswer } from '../support/rest-client.ts';
import { isEvent, type TestStream } from '../server/live/open-live.ts';
import { useTeams, type Team } from './use-teams.ts';

const { settee, as, openTeam: openTeamAt, listen: listenAt } = useTeams();
/** The address of the other process’s server, over the same engine. */
let other: string;

beforeAll(async () => {
  other = (await settee.startAnother()).url;
});

/** The owner asks one server, the member the other. */
async function openTeam(): Promise<Team> {
  const team = await openTeamAt(`${other}/db`);
  await expect.poll(async () => (await team.member.ask(`/${team.database}`)).status).toBe(200);
  return team;
}

async function listen(team: Team): Promise<TestStream> {
  const stream = await listenAt({ token: team.member.accessToken }, other);
  const hello = await stream.next(isEvent('hello'));
  expect(JSON.stringify(hello.data)).toContain(team.id);
  return stream;
}

const revoke = ({ id, owner, member }: Team): Promise<RestAnswer> =>
  as(owner, `DELETE /api/spaces/${id}/members/${member.user.id}`);

const reasonOf = async (answer: Response): Promise<unknown> => ({
  status: answer.status,
  code: ((await answer.json()) as { code?: string }).code,
});

describe('a removal at one server', () => {
  it('ends the feeds that are open at the other, and every later request', async () => {
    const team = await openTeam();
    const { database, member } = team;
    const feed = await member.ask(`/${database}/_changes?feed=continuous&since=now&heartbeat=1000`);
    expect(feed.status).toBe(200);
    const ended = feed.text().catch(() => 'cut');
    await revoke(team);
    await ended;
    await expect
      .poll(async () => reasonOf(await member.ask(`/${database}/_all_docs`)))
      .toEqual({ status: 403, code: 'membership_ended' });
    const [flow] = makeFlowDocuments({ seed: 1, count: 1, size: 3000 });
    const written = await member.ask(`/${database}/_bulk_docs`, { method: 'POST', json: { docs: [flow] } });
    expect(written.status).toBe(403);
  });

  it('is told on the stream at the other', async () => {
    const team = await openTeam();
    const stream = await listen(team);
    await revoke(team);
    await stream.next(isEvent('revoked', { space: team.id, code: 'membership_ended' }));
  });

  it('of the whole space is told on the stream at the other, by its own code', async () => {
    const team = await openTeam();
    const stream = await listen(team);
    await as(team.owner, `DELETE /api/spaces/${team.id}`);
    await stream.next(isEvent('revoked', { space: team.id, code: 'space_deleted' }));
    await expect.poll(async () => (await team.member.ask(`/${team.database}`)).status).not.toBe(200);
  });
});

describe('another role at one server', () => {
  it('is kept by the other: who reads only can write there no more', async () => {
    const team = await openTeam();
    const { id, database, owner, member } = team;
    const stream = await listen(team);
    const docs = makeFlowDocuments({ seed: 2, count: 2, size: 3000 });
    const put = (n: number): Promise<Response> =>
      member.ask(`/${database}/${docs[n]?._id}`, { method: 'PUT', json: docs[n] });
    expect((await put(0)).status).toBe(201);
    await as(owner, `PATCH /api/spaces/${id}/members/${member.user.id}`, { role: 'viewer' });
    await stream.next(isEvent('role', { space: id, role: 'viewer' }));
    await expect.poll(async () => (await put(1)).status).toBe(403);
    expect((await member.ask(`/${database}/_all_docs`)).status).toBe(200);
  });
});

describe('a write at one server', () => {
  it('is a hint at the other', async () => {
    const team = await openTeam();
    const stream = await listen(team);
    const [flow] = makeFlowDocuments({ seed: 3, count: 1, size: 3000 });
    await team.owner.ask(`/${team.database}/${flow?._id}`, { method: 'PUT', json: flow });
    await stream.next(isEvent('hint', { space: team.id, database: team.database }));
  });
});
