import { beforeAll, describe, expect, it } from 'vitest';
import { monthOf } from '../../../schema/index.ts';
import { outcome } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { fillSpace, leavesInEngine } from '../commands/user-data.ts';
import { join, newCaller, newTeam, type Caller } from './team.ts';

const settee = useSettee();
let owner: Caller;
let member: Caller;

beforeAll(async () => {
  [owner, member] = await Promise.all([newCaller(settee), newCaller(settee)]);
});
interface Line {
  line: string;
  name?: string;
  leaves?: number;
  doc?: { _id: string; _rev: string; _attachments?: object };
}

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('the export of a space', () => {
  it('holds every leaf with its ancestry and attachments, of flows and of runs', async () => {
    const team = await newTeam(owner);
    const { engineUrl } = settee;
    await fillSpace({ engineUrl, database: team.database, flows: 30, versions: 5 });
    const month = `${team.database}-runs-${monthOf(new Date())}`;
    expect((await owner.call(`PUT /db/${month}`)).status).toBe(201);
    const answer = await owner.call(`GET /api/spaces/${team.id}/export`);
    expect(answer.headers.get('content-type')).toMatch(/ndjson/);
    const lines = linesOf(answer.body);
    expect(lines[0]).toMatchObject({
      line: 'header',
      format: 'settee-export',
      space: { id: team.id, name: 'Team' },
    });
    const prefix = settee.config.databasePrefix;
    expect(lines.filter(({ line }) => line === 'database').map(({ name }) => prefix + name)).toEqual([
      team.database,
      month,
    ]);
    const leaves = lines.flatMap(({ line, doc }) =>
      line === 'leaf' && doc ? [`${doc._id} ${doc._rev}`] : [],
    );
    const inEngine = await leavesInEngine(engineUrl, team.database);
    expect(leaves.toSorted()).toEqual(inEngine.map(({ id, rev }) => `${id} ${rev}`).toSorted());
    expect(lines.some(({ doc }) => doc?._attachments !== undefined)).toBe(true);
    expect(lines.at(-1)).toEqual({ line: 'footer', leaves: leaves.length });
  });

  it('is for owners, of the personal space as well', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member });
    const ask = async (who: Caller, id: string) => outcome(await who.call(`GET /api/spaces/${id}/export`));
    expect(await ask(member, team.id)).toBe('403 forbidden');
    expect(await ask(owner, member.user.id)).toBe('404 not_found');
    expect(await ask(owner, 'templates')).toBe('403 forbidden');
    const own = await member.call(`GET /api/spaces/${member.user.id}/export`);
    expect(linesOf(own.body).some(({ doc }) => doc?._id.startsWith('membership:'))).toBe(false);
    expect(own.body).toContain('"line":"footer"');
  });

  it('breaks off where its reader stops being an owner', async () => {
    const team = await newTeam(owner);
    await join(team, { owner, who: member, role: 'owner' });
    await fillSpace({ engineUrl: settee.engineUrl, database: team.database, flows: 20, versions: 0 });
    const signal = new AbortController().signal;
    const lines = await settee.services.spaces.exportSpace(team.id, { by: member.user.id, signal });
    expect((await lines.next()).value).toContain('header');
    expect((await lines.next()).value).toContain('database');
    expect((await lines.next()).value).toContain('leaf');
    await settee.services.spaces.setRole(team.id, { userId: member.user.id, role: 'viewer' }, owner.user.id);
    await expect(lines.next()).rejects.toThrow(/role ended/i);
  });
});
