import { beforeEach, describe, expect, test } from 'vitest';
import { personalDatabase, spaceDatabase } from '../../../schema/index.ts';
import { restoreCommand } from '../../../server/commands/restore.ts';
import { rest } from '../../support/rest-client.ts';
import { startSettee } from '../../support/settee.ts';
import { join, newCaller, newTeam, readDocuments, type Caller } from '../rest/team.ts';
import { environmentOf, runCommand } from './run-command.ts';
import { readGzip, useBackups } from './use-backups.ts';
import { fillSpace, leavesInEngine } from './user-data.ts';

const { settee, file, backup, restore } = useBackups();
let owner: Caller;
let member: Caller;
let team: { id: string; database: string };

beforeEach(async () => {
  [owner, member] = await Promise.all([newCaller(settee), newCaller(settee)]);
  team = await newTeam(owner);
  await join(team, { owner, who: member, role: 'viewer' });
  await fillSpace({ engineUrl: settee.engineUrl, database: team.database, flows: 10, versions: 2 });
});

async function memberships(who: Caller): Promise<{ spaceId: string; role: string }[]> {
  return readDocuments(who, personalDatabase(who.user.id, settee.config.databasePrefix), 'membership:');
}

describe('a backup of one user', () => {
  test('has the spaces that he owns, and brings them back for all members', async () => {
    const before = await leavesInEngine(settee.engineUrl, team.database);
    expect(await backup('--email', owner.email)).toMatchObject({ code: 0, warned: [] });
    expect((await owner.call(`DELETE /api/spaces/${team.id}`)).status).toBe(204);
    expect(await memberships(member)).toEqual([]);
    expect(await restore('--force')).toMatchObject({ code: 0, warned: [] });
    expect(await leavesInEngine(settee.engineUrl, team.database)).toEqual(before);
    await expect.poll(async () => (await member.call(`GET /db/${team.database}`)).status).toBe(200);
    expect(await memberships(member)).toMatchObject([{ spaceId: team.id, role: 'viewer' }]);
    expect(await memberships(owner)).toMatchObject([{ spaceId: team.id, role: 'owner' }]);
  });

  test('has none of the spaces that belong to others', async () => {
    await backup('--email', member.email);
    const text = await readGzip(file);
    expect(text).toContain(member.user.id);
    expect(text).not.toContain(team.id);
  });
});

test('a backup of everything moves teams to another deployment, with databases named as there', async () => {
  expect((await backup()).code).toBe(0);
  const text = await readGzip(file);
  expect(text).not.toContain('"_id":"membership:');
  const elsewhere = await startSettee();
  try {
    expect(await runCommand(restoreCommand, [file], { env: environmentOf(elsewhere) })).toMatchObject({
      code: 0,
      warned: [],
    });
    const { email, password } = member;
    const signedIn = await rest(elsewhere.url, 'POST /api/auth/login', { body: { email, password } });
    const token: string = signedIn.body.accessToken;
    const prefix = elsewhere.config.databasePrefix;
    const database = spaceDatabase(team.id, prefix);
    const { body } = await rest(elsewhere.url, 'GET /api/spaces', { token });
    expect(body.spaces.find(({ id }: { id: string }) => id === team.id)).toMatchObject({
      role: 'viewer',
      database,
    });
    const there: Caller = { ...member, call: (target) => rest(elsewhere.url, target, { token }) };
    expect(await readDocuments(there, personalDatabase(member.user.id, prefix), 'membership:')).toMatchObject(
      [{ spaceId: team.id, database }],
    );
    expect(await leavesInEngine(elsewhere.engineUrl, database)).toEqual(
      await leavesInEngine(settee.engineUrl, team.database),
    );
  } finally {
    await elsewhere.stop();
  }
});
