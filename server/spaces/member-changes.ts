import { randomUUID } from 'node:crypto';
import { limits } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import { lastMember, omit, own, ownersOf, roleIn } from './membership.ts';
import type { SpaceDocument } from './space-document.ts';
import type { Role } from './spaces.ts';

/*
 * Changes of a space's members, from one document to the next: pure, so that the directory can apply them again where
 * another write came first, and every rule is decided on the document that is written.
 */

/** With the time of each some 100 kB. */
const rememberedFormer = 1000;

/** Who wants the change: a user, who must have the rights for it, or null for the server itself. */
export type Actor = string | null;

/** Throws SetteeError `not_found` for strangers and `forbidden` for members who are no owners. */
export function assertOwner(document: SpaceDocument, by: Actor): void {
  if (by === null) return;
  const role = roleIn(document, by);
  if (role === null) throw new SetteeError('not_found', 'There is no such space.');
  if (role !== 'owner') throw new SetteeError('forbidden', 'Only an owner of the space may do this.');
}

/** Throws SetteeError `forbidden` for spaces whose members nobody changes. */
export function assertShareable({ kind }: SpaceDocument): void {
  if (kind === 'team' || kind === 'shared') return;
  const reason =
    kind === 'personal' ? 'A personal space has one member for ever.' : 'The server keeps this space.';
  throw new SetteeError('forbidden', reason);
}

/** The user's membership document has to be written again. */
export function inOutbox(document: SpaceDocument, ...userIds: string[]): SpaceDocument {
  return { ...document, outbox: [...new Set([...(document.outbox ?? []), ...userIds])] };
}

/** Adds a member; whoever is one already stays as he is. Throws SetteeError `conflict` where there are too many. */
export function withMember(
  document: SpaceDocument,
  { userId, role, now }: { userId: string; role: Role; now: Date },
): SpaceDocument {
  if (roleIn(document, userId) !== null) return document;
  if (Object.keys(document.members).length >= limits.contributors) {
    throw new SetteeError('conflict', `A space has ${limits.contributors} members at most.`);
  }
  return inOutbox(
    {
      ...document,
      members: { ...document.members, [userId]: role },
      grants: { ...document.grants, [userId]: randomUUID() },
      since: { ...document.since, [userId]: now.toISOString() },
      former: omit(document.former, userId),
    },
    userId,
  );
}

/** Gives a member another role; throws SetteeError `not_found` or `last_owner`. */
export function withRole(document: SpaceDocument, userId: string, role: Role): SpaceDocument {
  const current = own(document.members, userId);
  if (current === undefined) throw notAMember();
  if (current === role) return document;
  // What a viewer-to-be has not pushed is refused from now on: his browser must keep it elsewhere and start anew.
  const grants = role === 'viewer' ? { ...document.grants, [userId]: randomUUID() } : document.grants;
  return keepingAnOwner(
    inOutbox(
      {
        ...document,
        members: { ...document.members, [userId]: role },
        ...(grants === undefined ? {} : { grants }),
      },
      userId,
    ),
  );
}

/** Ends a membership; throws SetteeError `not_found` or `last_owner`. */
export function withoutMember(document: SpaceDocument, userId: string, now: Date): SpaceDocument {
  if (own(document.members, userId) === undefined) throw notAMember();
  const left: SpaceDocument = {
    ...document,
    members: omit(document.members, userId),
    grants: omit(document.grants, userId),
    since: omit(document.since, userId),
    former: withFormer(document.former, [userId], now),
  };
  return keepingAnOwner(inOutbox(endingWhereAlone(left, now), userId));
}

/**
 * Says that a space of shared flows is to end where one member is left and nobody is invited: in the same write, so that
 * a crash does not leave somebody alone with what is shared with nobody.
 */
export function endingWhereAlone(document: SpaceDocument, now: Date): SpaceDocument {
  return lastMember(document, now) === null ? document : { ...document, dissolving: true };
}

/** Makes a member the owner; whoever hands over becomes an editor. Throws SetteeError `not_found`. */
export function withOwner(document: SpaceDocument, userId: string, from: Actor): SpaceDocument {
  const given = withRole(document, userId, 'owner');
  return from === null || from === userId ? given : withRole(given, from, 'editor');
}

/** Closes a space to everybody; its members are told by the outbox. */
export function withoutMembers(document: SpaceDocument, now: Date): SpaceDocument {
  const ended = Object.keys(document.members);
  return {
    ...inOutbox(document, ...ended),
    members: {},
    grants: {},
    since: {},
    former: withFormer(document.former, ended, now),
  };
}

/**
 * Those who were members, as many as are remembered: everything that is asked of a space reads its document. Whoever was
 * forgotten is told that there is no such space, and his browser has long been told of the end by his own documents.
 */
function withFormer(
  former: SpaceDocument['former'],
  ended: readonly string[],
  now: Date,
): NonNullable<SpaceDocument['former']> {
  const endedNow = ended.map((userId) => [userId, now.toISOString()] as const);
  const all = Object.entries({ ...former, ...Object.fromEntries(endedNow) });
  if (all.length <= rememberedFormer) return Object.fromEntries(all);
  return Object.fromEntries(all.toSorted(([, a], [, b]) => (a < b ? 1 : -1)).slice(0, rememberedFormer));
}

function keepingAnOwner(document: SpaceDocument): SpaceDocument {
  if (ownersOf(document).length > 0) return document;
  throw new SetteeError(
    'last_owner',
    'A space always has an owner: hand it over first, or delete the space.',
  );
}

function notAMember(): SetteeError {
  return new SetteeError('not_found', 'This user is no member of the space.');
}
