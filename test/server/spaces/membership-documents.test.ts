import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { membershipDocId, personalDatabase, type MembershipDocument } from '../../../schema/index.ts';
import type { MembershipEvent } from '../../../server/spaces/membership-events.ts';
import { createSpaces } from '../../../server/spaces/create-spaces.ts';
import type { Spaces } from '../../../server/spaces/spaces.ts';
import { startEngineRelay } from '../couch/engine-relay.ts';
import { silentLog } from '../couch/open-couch.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

let test: TestSpaces;
let owner: string;
let member: string;
let team: string;

beforeEach(async () => {
  test = await openSpaces();
  [owner, member] = await Promise.all([test.newUser(), test.newUser()]);
  team = (await test.spaces.createSpace({ kind: 'team', name: 'Team', owner })).id;
});
afterEach(() => test.stop());

/** The document, or null where there is none, or a deletion. */
async function membership(userId: string): Promise<MembershipDocument | null> {
  const database = test.couch.admin<MembershipDocument>(personalDatabase(userId, test.prefix));
  return database.get(membershipDocId(team)).catch(() => null);
}

const add = (role: 'editor' | 'viewer' = 'editor') =>
  test.spaces.addMember(team, { userId: member, role }, owner);

describe('a membership document', () => {
  it('says what the directory says, and is gone with the membership', async () => {
    await add();
    const { members, grants, since, outbox } = await test.entry(team);
    expect(outbox).toBeUndefined();
    expect(await membership(member)).toMatchObject({
      type: 'membership',
      spaceId: team,
      kind: 'team',
      name: 'Team',
      role: members[member],
      grant: grants?.[member],
      since: since?.[member],
      database: `${test.prefix}space-${team}`,
    });
    await test.spaces.removeMember(team, member, owner);
    expect(await membership(member)).toBeNull();
    const entry = await test.entry(team);
    expect(entry.grants).not.toHaveProperty(member);
    expect(entry.former).toHaveProperty(member);
    await add();
    expect((await membership(member))?.grant).toBe((await test.entry(team)).grants?.[member]);
    expect((await test.entry(team)).former).not.toHaveProperty(member);
  });

  it('is written by another process where the one that changed the members died', async () => {
    await test.change(team, {
      members: { [owner]: 'owner', [member]: 'viewer' },
      grants: { [owner]: 'a', [member]: 'b' },
      outbox: [member],
    });
    const other = await test.anotherSpaces();
    await other.spaces.watch();
    await vi.waitFor(async () => {
      expect(await membership(member)).toMatchObject({ role: 'viewer', grant: 'b' });
      expect((await test.entry(team)).outbox).toBeUndefined();
    }, 15_000);
  });

  it('and the database are made by another process where the one that made the space died', async () => {
    await test.change(team, { making: true, outbox: [owner] });
    await test.couch.deleteDatabase(`${test.prefix}space-${team}`);
    await (await test.anotherSpaces()).spaces.watch();
    await vi.waitFor(async () => expect((await test.entry(team)).making).toBeUndefined(), 15_000);
    expect(await test.couch.exists(`${test.prefix}space-${team}`)).toBe(true);
  });

  it('ends up right where several processes change the members at once', async () => {
    const others = [await test.anotherSpaces(), await test.anotherSpaces()].map(({ spaces }) => spaces);
    const processes: Spaces[] = [test.spaces, ...others];
    await add();
    for (let n = 0; n < 4; n++) {
      await Promise.allSettled(
        processes.map(async (spaces, index) => {
          if (index === 0) await spaces.removeMember(team, member, owner);
          else
            await spaces.addMember(team, { userId: member, role: index === 1 ? 'editor' : 'viewer' }, owner);
        }),
      );
      const { members, grants, outbox } = await test.entry(team);
      expect(outbox).toBeUndefined();
      const found = await membership(member);
      expect(found?.role ?? null).toBe(members[member] ?? null);
      expect(found?.grant).toBe(grants?.[member]);
    }
  });

  it('does not hold up the change where it cannot be written, and is written later', async () => {
    const relay = await startEngineRelay(test.url);
    const couch = await test.another({ url: relay.url });
    const spaces = createSpaces({ couch, log: silentLog });
    const personal = personalDatabase(member, test.prefix);
    await spaces.watch();
    let isDown = true;
    relay.rule({ passes: ({ url }) => !isDown || !url.includes(personal) });
    const told: MembershipEvent[] = [];
    spaces.onMembership((event) => told.push(event));
    try {
      await spaces.addMember(team, { userId: member, role: 'editor' }, owner);
      expect((await test.entry(team)).outbox).toEqual([member]);
      expect(told.filter(({ userId }) => userId === member)).toEqual([]);
      isDown = false;
      await spaces.addMember(team, { userId: await test.newUser(), role: 'editor' }, owner);
      expect(await membership(member)).toMatchObject({ role: 'editor' });
      expect(told).toContainEqual({ spaceId: team, userId: member, kind: 'granted', role: 'editor' });
    } finally {
      await spaces.close();
      await relay.close();
    }
  });

  it('is not missed where the member’s account is gone', async () => {
    await add();
    await test.spaces.removeUser(member);
    expect((await test.entry(team)).outbox).toBeUndefined();
    expect((await test.entry(team)).members).toEqual({ [owner]: 'owner' });
  });

  it('is written anew for everybody after a restore', async () => {
    await add();
    const database = test.couch.admin<MembershipDocument>(personalDatabase(member, test.prefix));
    const found = await database.get(membershipDocId(team));
    await database.destroy(found._id, found._rev ?? '');
    await test.spaces.renewMemberships([team, member, 'nowhere']);
    expect(await membership(member)).toMatchObject({ role: 'editor', grant: found.grant });
  });
});

describe('members are told of', () => {
  it('once the document is there, here and in every other process', async () => {
    const { spaces: other } = await test.anotherSpaces();
    await other.watch();
    await vi.waitFor(() => expect(other.isFresh()).toBe(true), 15_000);
    const heard = [test.spaces, other].map((spaces) => {
      const events: MembershipEvent[] = [];
      spaces.onMembership((event) => {
        if (event.userId === member) events.push(event);
      });
      return events;
    });
    await add();
    const first: MembershipEvent = { spaceId: team, userId: member, kind: 'granted', role: 'editor' };
    const steps: [() => Promise<void>, MembershipEvent][] = [
      [async () => {}, first],
      [
        () => test.spaces.setRole(team, { userId: member, role: 'viewer' }, owner),
        { ...first, kind: 'role', role: 'viewer' },
      ],
      [() => test.spaces.renameSpace(team, 'Other', owner), { ...first, kind: 'role', role: 'viewer' }],
      [
        () => test.spaces.removeMember(team, member, owner),
        { spaceId: team, userId: member, kind: 'revoked', code: 'membership_ended' },
      ],
      [() => add('viewer'), { ...first, role: 'viewer' }],
      [
        () => test.spaces.removeSpace(team, owner),
        { spaceId: team, userId: member, kind: 'revoked', code: 'space_deleted' },
      ],
    ];
    for (const [index, [act, event]] of steps.entries()) {
      await act();
      expect(heard[0]?.[index]).toEqual(event);
      await vi.waitFor(() => expect(heard[1]?.at(-1)).toEqual(event), 15_000);
    }
    expect(heard[0]).toHaveLength(steps.length);
  });

  it('by revocations at once, for a removal, a lowering and another grant, in every process', async () => {
    await add();
    const { spaces: other } = await test.anotherSpaces();
    await other.watch();
    await other.memberships(member);
    await vi.waitFor(() => expect(other.isFresh()).toBe(true), 15_000);
    const here = vi.fn();
    const there = vi.fn();
    test.spaces.onRevoked(({ userId }) => void here(userId));
    other.onRevoked(({ userId }) => void there(userId));
    const acts = [
      () => test.spaces.setRole(team, { userId: member, role: 'viewer' }, owner),
      () => test.spaces.removeMember(team, member, owner),
    ];
    for (const [index, act] of acts.entries()) {
      await act();
      expect(here.mock.calls).toEqual(Array.from({ length: index + 1 }, () => [member]));
      await vi.waitFor(() => expect(there.mock.calls).toHaveLength(index + 1), 15_000);
    }
    expect(await other.access(member, `${test.prefix}space-${team}`)).toBeNull();
    expect(await other.endedFor(member, `${test.prefix}space-${team}`)).toBe('membership_ended');
    expect(await other.endedFor('stranger', `${test.prefix}space-${team}`)).toBeNull();
  });
});
