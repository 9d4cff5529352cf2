import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SetteeError } from '../../../server/errors.ts';
import { accepted, closed, withInvitation } from '../../../server/spaces/invitations/invitation-changes.ts';
import type { InvitationDocument } from '../../../server/spaces/invitations/invitation-documents.ts';
import {
  withMember,
  withOwner,
  withoutMember,
  withoutMembers,
  withRole,
} from '../../../server/spaces/member-changes.ts';
import { ownersOf, revokedMembers, roleIn } from '../../../server/spaces/membership.ts';
import type { SpaceDocument } from '../../../server/spaces/space-document.ts';

const now = new Date('2026-11-21T12:00:00Z');
const people = ['ann', 'bob', 'eve', '__proto__', 'constructor'];
const empty: SpaceDocument = {
  _id: 'space:team',
  type: 'space',
  kind: 'team',
  name: 'Team',
  members: {},
  createdAt: now.toISOString(),
};
const team = withMember(empty, { userId: 'ann', role: 'owner', now });

const person = fc.constantFrom(...people);
const role = fc.constantFrom('owner' as const, 'editor' as const, 'viewer' as const);
type Step = (document: SpaceDocument) => SpaceDocument;
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(person, role).map(
    ([userId, as]): Step =>
      (doc) =>
        withMember(doc, { userId, role: as, now }),
  ),
  fc.tuple(person, role).map(
    ([userId, as]): Step =>
      (doc) =>
        withRole(doc, userId, as),
  ),
  person.map(
    (userId): Step =>
      (doc) =>
        withoutMember(doc, userId, now),
  ),
  fc.tuple(person, person).map(
    ([userId, by]): Step =>
      (doc) =>
        withOwner(doc, userId, by),
  ),
);

/** What a refused change leaves: everything as it was. */
function apply(document: SpaceDocument, change: Step): SpaceDocument {
  try {
    return change(document);
  } catch (error) {
    expect(error).toBeInstanceOf(SetteeError);
    return document;
  }
}

describe('changes of members', () => {
  it('leave an owner, name each change in the outbox, and give another grant where a copy must start anew', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let document = team;
        for (const change of steps) {
          const before: SpaceDocument = { ...document, outbox: [] };
          const after = apply(before, change);
          expect(ownersOf(after).length).toBeGreaterThan(0);
          const members = Object.keys(after.members);
          expect(Object.keys(after.grants ?? {}).toSorted()).toEqual(members.toSorted());
          expect(members.filter((userId) => Object.hasOwn(after.former ?? {}, userId))).toEqual([]);
          for (const userId of people) {
            const [was, is] = [roleIn(before, userId), roleIn(after, userId)];
            if (was !== is) expect(after.outbox).toContain(userId);
            const isAnew = is !== null && (was === null || (is === 'viewer' && was !== 'viewer'));
            expect(before.grants?.[userId] !== after.grants?.[userId] && is !== null).toBe(isAnew);
          }
          document = after;
        }
      }),
    );
  });

  it('revoke whoever left and came again between two looks', () => {
    const before = withMember(team, { userId: 'bob', role: 'editor', now });
    const after = withMember(withoutMember(before, 'bob', now), { userId: 'bob', role: 'editor', now });
    expect(revokedMembers(before, after)).toEqual(['bob']);
    expect(revokedMembers(before, { ...before, name: 'Another' })).toEqual([]);
  });

  it('close a space to everybody, and tell everybody', () => {
    const before = withMember({ ...team, outbox: [] }, { userId: 'bob', role: 'viewer', now });
    const after = withoutMembers(before, now);
    expect(after.members).toEqual({});
    expect(after.outbox?.toSorted()).toEqual(['ann', 'bob']);
    expect(Object.keys(after.former ?? {}).toSorted()).toEqual(['ann', 'bob']);
  });
});

describe('those who were members', () => {
  it('are remembered up to a thousand, the latest of them', () => {
    let document = team;
    for (let n = 0; n < 1002; n += 1) {
      const at = new Date(now.getTime() + n * 1000);
      const userId = `user ${n}`;
      document = withoutMember(withMember(document, { userId, role: 'viewer', now: at }), userId, at);
    }
    const former = new Set(Object.keys(document.former ?? {}));
    expect(former.size).toBe(1000);
    expect([former.has('user 1'), former.has('user 2'), former.has('user 1001')]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('an invitation', () => {
  const expiresAt = '2026-11-28T12:00:00.000Z';
  const invitation: InvitationDocument = {
    _id: 'invitation:i',
    type: 'invitation',
    spaceId: 'team',
    email: 'x@example.org',
    role: 'editor',
    invitedBy: 'ann',
    createdAt: now.toISOString(),
    expiresAt,
  };
  const asked = { id: 'i', invitation };
  const open = withInvitation(team, { id: 'i', expiresAt, now });
  const codeOf = (work: () => unknown): unknown => {
    try {
      work();
      return 'done';
    } catch (error) {
      return error instanceof SetteeError ? error.code : error;
    }
  };
  const accept = (document: SpaceDocument | null, userId: string, at = now) =>
    accepted(document, asked, { userId, now: at });

  it('is used up by the write that lets somebody in', () => {
    const joined = accept(open, 'bob');
    expect(roleIn(joined, 'bob')).toBe('editor');
    expect(accept(joined, 'bob')).toBe(joined);
    expect(codeOf(() => accept(joined, 'eve'))).toBe('invitation_invalid');
    expect(codeOf(() => accept(withoutMember(joined, 'bob', now), 'bob'))).toBe('invitation_invalid');
  });

  it('holds only while the space knows it as open and its maker is an owner', () => {
    const withBob = withMember(open, { userId: 'bob', role: 'owner', now });
    const refused: (SpaceDocument | null)[] = [
      null,
      team,
      { ...open, removing: true },
      closed(open, 'i', { state: 'withdrawn', now }),
      closed(open, 'i', { state: 'declined', now }),
      withRole(withBob, 'ann', 'editor'),
      withoutMember(withBob, 'ann', now),
    ];
    for (const document of refused) expect(codeOf(() => accept(document, 'eve'))).toBe('invitation_invalid');
    expect(codeOf(() => accept(open, 'ann'))).toBe('conflict');
    const late = new Date('2026-11-28T12:00:00.001Z');
    expect(codeOf(() => accept(open, 'eve', late))).toBe('invitation_expired');
    expect(codeOf(() => accept(open, 'eve', new Date(expiresAt)))).toBe('done');
  });

  it('is forgotten once it has expired, and there are never too many', () => {
    const late = new Date('2026-11-29T00:00:00Z');
    const again = withInvitation(open, { id: 'j', expiresAt: '2026-12-06T00:00:00.000Z', now: late });
    expect(Object.keys(again.invitations ?? {})).toEqual(['j']);
    let many = team;
    for (let n = 0; n < 200; n++) many = withInvitation(many, { id: `n${n}`, expiresAt, now });
    expect(codeOf(() => withInvitation(many, { id: 'more', expiresAt, now }))).toBe('conflict');
  });
});
