import { afterEach, describe, expect, it } from 'vitest';
import { makeFlowDocuments } from '../support/flows.ts';
import { useSettee } from '../support/use-settee.ts';
import { eventually, localPouch, remotePouch } from '../server/proxy/personal-account.ts';
import { grant, newMember, revoke, setRole, type Member, type Role } from './schedule-members.ts';

interface Sync {
  local: PouchDB.Database;
  sync: PouchDB.Replication.Sync<object>;
  /** Why it ended by itself. */
  errors: unknown[];
  denied: unknown[];
  ended: Promise<unknown>;
}

interface Team {
  spaceId: string;
  database: string;
  owner: Member;
  member: Member;
}

const server = useSettee();
const syncs: Sync[] = [];
afterEach(async () => {
  for (const { sync, local, ended } of syncs.splice(0)) {
    sync.cancel();
    await ended;
    await local.destroy();
  }
});
async function openTeam(role: Role): Promise<Team> {
  const [owner, member] = [await newMember(server), await newMember(server)];
  const made = await owner.call('POST /api/spaces', { name: 'Team', kind: 'team' });
  const { id: spaceId, database } = made.body as { id: string; database: string };
  await grant({ spaceId, owner, member }, role);
  return { spaceId, database, owner, member };
}

/** Live, with retry and otherwise PouchDB's defaults. */
function syncLive({ account }: Member, { database }: Team): Sync {
  const local = localPouch();
  const remote = remotePouch(`${server.url}/db/${database}`, () => account.accessToken);
  const sync = local.sync(remote, { live: true, retry: true });
  const ended = new Promise((resolve) => {
    void sync.on('complete', resolve).on('error', resolve);
  });
  const made: Sync = { local, sync, errors: [], denied: [], ended };
  void sync.on('error', (error: unknown) => void made.errors.push(error));
  void sync.on('denied', (info: unknown) => void made.denied.push(info));
  syncs.push(made);
  return made;
}

type Named = { _id: string; name: string };
const [first, second, third] = makeFlowDocuments({ seed: 8, count: 3, size: 3000 }) as Named[];
if (!first || !second || !third) throw new Error('There are no flows.');

async function nameOf({ local }: Sync, id: string): Promise<string> {
  return ((await local.get(id)) as unknown as { name: string }).name;
}

async function arrives(sync: Sync, id: string, name: string): Promise<void> {
  await eventually(async () => expect(await nameOf(sync, id)).toBe(name));
}

async function rename({ local }: Sync, id: string, name: string): Promise<void> {
  await local.put({ ...(await local.get(id)), name });
}

describe('PouchDB alone', () => {
  it('lets an owner and an editor work together live', async () => {
    const team = await openTeam('editor');
    const [owner, editor] = [syncLive(team.owner, team), syncLive(team.member, team)];
    await owner.local.put(first);
    await arrives(editor, first._id, first.name);
    await rename(editor, first._id, 'by the editor');
    await arrives(owner, first._id, 'by the editor');
    await rename(owner, first._id, 'by the owner');
    await arrives(editor, first._id, 'by the owner');
    for (const { errors, denied } of [owner, editor]) expect([errors, denied]).toEqual([[], []]);
  });

  it('goes on for a viewer, whose own writes are denied one by one', async () => {
    const team = await openTeam('viewer');
    const [owner, viewer] = [syncLive(team.owner, team), syncLive(team.member, team)];
    await owner.local.put(first);
    await arrives(viewer, first._id, first.name);
    await viewer.local.put(second);
    await eventually(() => expect(viewer.denied.length).toBeGreaterThan(0));
    await rename(owner, first._id, 'after the denial');
    await arrives(viewer, first._id, 'after the denial');
    await viewer.local.put(third);
    await rename(owner, first._id, 'and once more');
    await arrives(viewer, first._id, 'and once more');
    expect(viewer.errors).toEqual([]);
    const there = await owner.local.allDocs();
    expect(there.rows.map(({ id }) => id)).not.toContain(second._id);
  });

  it('begins for somebody who was granted the space after its flows were made', async () => {
    const team = await openTeam('viewer');
    const owner = syncLive(team.owner, team);
    await owner.local.bulkDocs([first, second, third]);
    const newcomer = await newMember(server);
    await grant({ ...team, member: newcomer }, 'editor');
    const late = syncLive(newcomer, team);
    for (const { _id, name } of [first, second, third]) await arrives(late, _id, name);
    await rename(late, first._id, 'by the newcomer');
    await arrives(owner, first._id, 'by the newcomer');
  });

  it('turns from reading to writing and back without being begun anew', async () => {
    const team = await openTeam('viewer');
    const [owner, member] = [syncLive(team.owner, team), syncLive(team.member, team)];
    await owner.local.put(first);
    await arrives(member, first._id, first.name);
    await setRole(team, 'editor');
    await rename(member, first._id, 'as an editor');
    await arrives(owner, first._id, 'as an editor');
    await setRole(team, 'viewer');
    await member.local.put(second);
    await eventually(() => expect(member.denied.length).toBeGreaterThan(0));
    await rename(owner, first._id, 'by the owner');
    await arrives(member, first._id, 'by the owner');
  });

  it('is told why it ended when the membership did, and gets nothing any more', async () => {
    const team = await openTeam('editor');
    const [owner, member] = [syncLive(team.owner, team), syncLive(team.member, team)];
    await owner.local.put(first);
    await arrives(member, first._id, first.name);
    await revoke(team);
    await owner.local.put(second);
    await eventually(() => expect(member.errors.length).toBeGreaterThan(0));
    expect(member.errors[0]).toMatchObject({ status: 403 });
    const got = await member.local.allDocs();
    const flows = got.rows.map(({ id }) => id).filter((id) => id.startsWith('flow:'));
    expect(flows).toEqual([first._id]);
    await grant(team, 'editor');
    const again = syncLive(team.member, team);
    await arrives(again, second._id, second.name);
  });
});
