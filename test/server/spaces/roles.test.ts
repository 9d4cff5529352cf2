import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  personalDatabase,
  serverDatabaseName,
  spaceDatabase,
  type FlowDocument,
} from '../../../schema/index.ts';
import type { Revocation, Role } from '../../../server/spaces/spaces.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

let test: TestSpaces;
let flows: FlowDocument[];
const [owner, editor, viewer] = [randomUUID(), randomUUID(), randomUUID()];
const members: Record<string, Role> = { [owner]: 'owner', [editor]: 'editor', [viewer]: 'viewer' };

beforeAll(async () => {
  test = await openSpaces();
  flows = makeFlowDocuments({ seed: 7, count: 20, size: 6000 });
});

afterAll(() => test.stop());

function nextFlow(): FlowDocument {
  const flow = flows.pop();
  if (!flow) throw new Error('More flows are needed.');
  return flow;
}

describe('the personal space', () => {
  it('is the user’s own and nobody else’s', async () => {
    const [alice, bob] = [await test.newUser(), await test.newUser()];
    const access = await test.spaces.personal(alice);
    expect(access).toMatchObject({
      role: 'owner',
      space: { id: alice, kind: 'personal' },
      database: personalDatabase(alice, test.prefix),
      engineRoles: [`space:${alice}`, `space:${alice}:owner`],
    });
    expect(await test.spaces.access(bob, access.database)).toBeNull();
    const flow = nextFlow();
    await test.spaces.open<FlowDocument>(access).insert(flow);
    const intruder = test.couch.as(access.database, {
      userId: bob,
      roles: [`space:${bob}`, `space:${bob}:owner`],
    });
    await expect(intruder.get(flow._id)).rejects.toMatchObject({ statusCode: 403 });
  });

  it('may be made twice, and is completed when its database is missing', async () => {
    const createdAt = new Date().toISOString();
    const id = await test.newUser(createdAt);
    const { database } = await test.spaces.personal(id);
    await test.couch.deleteDatabase(database);
    expect(await test.spaces.createPersonal({ id, createdAt })).toMatchObject({ id, database });
    expect(await test.couch.exists(database)).toBe(true);
  });

  it('of an unknown user is not found', async () => {
    await expect(test.spaces.personal(randomUUID())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is listed first, with the months that exist', async () => {
    const id = await test.newUser('2026-01-15T10:00:00.000Z');
    const team = await test.newTeam({ [id]: 'viewer' });
    const { database } = await test.spaces.personal(id);
    const months = ['2026-01', '2026-02'];
    for (const month of months) {
      await test.spaces.provisionMonth(await test.accessTo(id, `${database}-runs-${month}`));
    }
    const listed = await test.spaces.list(id);
    expect(listed.map(({ space, role }) => [space.id, role])).toEqual([
      [id, 'owner'],
      [team, 'viewer'],
    ]);
    expect(listed[0]?.runs).toEqual(
      months.map((month) => ({ month, database: `${database}-runs-${month}` })),
    );
    expect(listed[1]?.runs).toEqual([]);
  });
});

describe('names', () => {
  it('are known in the one spelling that Settee makes', async () => {
    const id = await test.newUser();
    const { database } = await test.spaces.personal(id);
    const hex = database.slice(`${test.prefix}userdb-`.length);
    const others = [
      database.toUpperCase(),
      `${test.prefix}userdb-${hex.toUpperCase()}`,
      spaceDatabase(id, test.prefix),
      database.slice(test.prefix.length),
      `${test.prefix}${database}`,
      `${database}/`,
      `${database}%2F`,
      `${database}-runs-2026-13`,
      `${database}-runs-2026-1`,
      `${database}-runs-2026-01-runs-2026-01`,
      `../${database}`,
      serverDatabaseName('directory', test.prefix),
      serverDatabaseName('accounts', test.prefix),
      '_users',
      '',
    ];
    for (const name of others) expect([name, await test.spaces.access(id, name)]).toEqual([name, null]);
  });

  it('of object properties are nobody’s', async () => {
    const team = await test.newTeam(members);
    const database = spaceDatabase(team, test.prefix);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await test.spaces.access(name, database)).toBeNull();
    }
  });
});

describe('roles in a team', () => {
  it('reach the validator: owners and editors write, viewers read, others see nothing', async () => {
    const team = await test.newTeam(members);
    const database = spaceDatabase(team, test.prefix);
    const byOwner = test.spaces.open<FlowDocument>(await test.accessTo(owner, database));
    const byEditor = test.spaces.open<FlowDocument>(await test.accessTo(editor, database));
    const byViewer = test.spaces.open<FlowDocument>(await test.accessTo(viewer, database));
    const flow = nextFlow();
    const { rev } = await byEditor.insert(flow);
    expect(await byViewer.get(flow._id)).toMatchObject({ name: flow.name });
    const changed = { ...flow, _rev: rev, name: 'Changed' };
    await expect(byViewer.insert(changed)).rejects.toMatchObject({ statusCode: 403 });
    const deleted = { ...changed, deleted: true, deletedAt: new Date().toISOString() };
    await expect(byEditor.insert(deleted)).rejects.toMatchObject({ statusCode: 403 });
    await expect(byOwner.insert(deleted)).resolves.toMatchObject({ ok: true });
    expect(await test.spaces.access(randomUUID(), database)).toBeNull();
  });

  it('are taken away everywhere, and who had them is told', async () => {
    const team = await test.newTeam(members);
    const database = spaceDatabase(team, test.prefix);
    const other = await test.anotherSpaces();
    const told: Revocation[] = [];
    const toldThere: Revocation[] = [];
    test.spaces.onRevoked((revocation) => void told.push(revocation));
    other.spaces.onRevoked((revocation) => void toldThere.push(revocation));
    // Both servers have heard of the space, by their feeds or by reading.
    await test.accessTo(viewer, database);
    await vi.waitFor(async () => expect(await other.spaces.access(viewer, database)).not.toBeNull(), 15_000);
    await expectRemembered(team, database, other.spaces);

    await test.change(team, { members: { [owner]: 'owner', [editor]: 'viewer' } });
    const expected = [
      { spaceId: team, userId: editor, database, end: null },
      { spaceId: team, userId: viewer, database, end: 'membership_ended' },
    ];
    for (const list of [told, toldThere]) {
      await vi.waitFor(() => expect(list).toHaveLength(2), 15_000);
      expect(list).toEqual(expect.arrayContaining(expected));
    }
    for (const spaces of [test.spaces, other.spaces]) {
      expect(await spaces.access(viewer, database)).toBeNull();
      expect(await spaces.access(editor, database)).toMatchObject({ role: 'viewer' });
      expect(await spaces.access(owner, database)).toMatchObject({ role: 'owner' });
    }
  });

  /** A fresh feed answers from memory: then no request reaches the engine. */
  async function expectRemembered(
    team: string,
    database: string,
    spaces: TestSpaces['spaces'],
  ): Promise<void> {
    await test.change(team, { name: 'Renamed' });
    await vi.waitFor(async () => {
      expect(await spaces.access(owner, database)).toMatchObject({ space: { name: 'Renamed' } });
    }, 15_000);
  }
});
