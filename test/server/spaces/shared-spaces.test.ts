import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { membershipDocId, personalDatabase, spaceDatabase } from '../../../schema/index.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

let test: TestSpaces;
let owner: string;
let member: string;

beforeEach(async () => {
  test = await openSpaces();
  [owner, member] = await Promise.all([test.newUser(), test.newUser()]);
});
afterEach(() => test.stop());

const newTeam = () =>
  test.spaces.createSpace({ kind: 'team', name: 'Team', owner, members: { [member]: 'editor' } });

async function isTold(userId: string, spaceId: string): Promise<boolean> {
  const personal = test.couch.admin(personalDatabase(userId, test.prefix));
  return personal.get(membershipDocId(spaceId)).then(
    () => true,
    () => false,
  );
}

describe('a space of several people', () => {
  it('is made again under the same id without a change, and never over another one', async () => {
    const wanted = {
      id: 'fixed',
      kind: 'shared' as const,
      name: 'Flow',
      owner,
      members: { [member]: 'viewer' as const },
    };
    const made = await test.spaces.createSpace(wanted);
    const before = await test.entry('fixed');
    expect(await test.spaces.createSpace(wanted)).toEqual(made);
    expect(await test.entry('fixed')).toEqual(before);
    expect(made.database).toBe(spaceDatabase('fixed', test.prefix));
    for (const id of [owner, 'fixed']) {
      const other = test.spaces.createSpace({ ...wanted, id, kind: 'team' });
      await expect(other).rejects.toMatchObject({ code: 'conflict' });
    }
  });

  it('keeps an owner where two servers remove one each at the same time', async () => {
    const { spaces: other } = await test.anotherSpaces();
    for (let n = 0; n < 3; n++) {
      const { id } = await newTeam();
      await test.spaces.setRole(id, { userId: member, role: 'owner' }, owner);
      const results = await Promise.allSettled([
        test.spaces.removeMember(id, member, owner),
        other.removeMember(id, owner, member),
      ]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(Object.values((await test.entry(id)).members)).toEqual(['owner']);
    }
  });

  it('heeds only who is an owner at the moment of the change', async () => {
    const { spaces: other } = await test.anotherSpaces();
    const { id } = await newTeam();
    await other.access(owner, spaceDatabase(id, test.prefix));
    await test.spaces.handOver(id, member, owner);
    const attempts = [
      other.setRole(id, { userId: member, role: 'viewer' }, owner),
      other.removeMember(id, member, owner),
      other.renameSpace(id, 'Mine', owner),
      other.removeSpace(id, owner),
      other.invitations.create(id, { email: 'x@example.org', role: 'owner', by: owner, days: 1 }),
    ];
    for (const outcome of await Promise.allSettled(attempts)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'forbidden' } });
    }
    expect((await test.entry(id)).members).toEqual({ [owner]: 'editor', [member]: 'owner' });
  });

  it('is removed to the end by another server, members told, wherever the first one died', async () => {
    const [first, second] = [await newTeam(), await newTeam()];
    const closed = { removing: true as const, members: {}, outbox: [owner, member] };
    await test.change(first.id, closed);
    await test.change(second.id, closed);
    await test.couch.deleteDatabase(second.database);
    const { spaces: other } = await test.anotherSpaces();
    await other.finishRemovals();
    for (const { id, database } of [first, second]) {
      expect(await test.couch.exists(database)).toBe(false);
      await expect(test.entry(id)).rejects.toMatchObject({ statusCode: 404 });
      expect([await isTold(owner, id), await isTold(member, id)]).toEqual([false, false]);
    }
  });

  it('gets an owner from among the others where the last one’s account goes all the same', async () => {
    const { id } = await newTeam();
    const viewer = await test.newUser();
    await test.spaces.addMember(id, { userId: viewer, role: 'viewer' }, owner);
    expect(await test.spaces.ownedAlone(owner)).toEqual([{ id, name: 'Team', kind: 'team' }]);
    expect(await test.spaces.ownedAlone(member)).toEqual([]);
    await test.spaces.removeUser(owner);
    expect((await test.entry(id)).members).toEqual({ [member]: 'owner', [viewer]: 'viewer' });
    await test.spaces.removeUser(viewer);
    await test.spaces.removeUser(member);
    await expect(test.entry(id)).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('the templates', () => {
  it('are made once, whoever starts first, and read by everybody', async () => {
    const others = [await test.anotherSpaces(), await test.anotherSpaces()];
    await Promise.all([test.spaces.watch(), ...others.map(({ spaces }) => spaces.watch())]);
    const database = spaceDatabase('templates', test.prefix);
    await vi.waitFor(async () => expect(await test.couch.exists(database)).toBe(true), 15_000);
    const access = await test.accessTo(member, database);
    expect(access).toMatchObject({
      role: 'viewer',
      space: { id: 'templates', kind: 'templates' },
      engineRoles: ['space:templates', 'space:templates:viewer'],
    });
    expect((await test.spaces.list(member)).at(-1)).toMatchObject({
      space: { id: 'templates' },
      role: 'viewer',
    });
    expect((await test.spaces.memberships(member)).map(({ space }) => space.id)).toContain('templates');
    await expect(
      test.spaces.addMember('templates', { userId: member, role: 'owner' }, null),
    ).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
