import type { Couch } from '../../couch/couch.ts';
import { SetteeError } from '../../errors.ts';
import type { Directory } from '../directory.ts';
import { assertOwner, assertShareable, endingWhereAlone, type Actor } from '../member-changes.ts';
import { own, roleIn } from '../membership.ts';
import type { Outbox } from '../outbox.ts';
import { required, requireSpace } from '../require-space.ts';
import { spaceIdOf, type SpaceDocument } from '../space-document.ts';
import type { Role } from '../spaces.ts';
import {
  accepted,
  assertOpen,
  closed,
  invalidInvitation,
  withInvitation,
  type FoundInvitation,
} from './invitation-changes.ts';
import {
  invitationDocId,
  invitationIdOf,
  newInvitationToken,
  readInvitations,
  removeExpiredInvitations,
  removeInvitations,
  writeInvitation,
  type InvitationDocument,
} from './invitation-documents.ts';

const dayMilliseconds = 86_400_000;

export interface NewInvitation {
  email: string;
  role: Role;
  /** An owner. */
  by: string;
  /** How long it holds. */
  days: number;
}

/** An invitation as its space and its holder see it. */
export interface Invitation {
  id: string;
  space: { id: string; name: string; kind: 'team' | 'shared' };
  email: string;
  role: Role;
  invitedBy: string;
  createdAt: string;
  expiresAt: string;
}

/**
 * Invitations into spaces: whoever holds the token may join, once. Where the last of them ends without anybody having
 * joined, the flow shared by it is in its owner's personal space again.
 */
export interface Invitations {
  create(spaceId: string, invitation: NewInvitation): Promise<Invitation & { token: string }>;
  /** Those that can be accepted, newest first; for owners. */
  list(spaceId: string, by: Actor): Promise<Invitation[]>;
  /** False where there is no such open invitation. */
  withdraw(spaceId: string, invitationId: string, by: Actor): Promise<boolean>;
  /** Throws SetteeError `invitation_invalid` or `invitation_expired`. */
  find(token: string): Promise<Invitation>;
  /** May be repeated; throws as `find` does, and `conflict` where the user is a member already. */
  accept(token: string, userId: string): Promise<Invitation>;
  decline(token: string): Promise<void>;
  removeExpired(signal: AbortSignal): Promise<void>;
}

export function createInvitations(options: {
  couch: Couch;
  directory: Directory;
  outbox: Outbox;
  /** Ends a space of shared flows where nobody but its owner is left, and nobody is invited; never rejects. */
  dissolve: (spaceId: string) => Promise<unknown>;
  clock: () => Date;
}): Invitations {
  const { couch, directory, outbox, dissolve, clock } = options;

  async function find(token: string): Promise<FoundInvitation> {
    const id = invitationIdOf(token);
    const [invitation] = await readInvitations(couch, [id]);
    if (!invitation) throw invalidInvitation();
    return { id, invitation };
  }

  /** For changes by owners. */
  function owned(found: SpaceDocument | null, by: Actor): SpaceDocument {
    const document = required(found);
    assertOwner(document, by);
    assertShareable(document);
    return document;
  }

  return {
    async create(spaceId, { email, role, by, days }) {
      const now = clock();
      const space = owned(await directory.get(spaceId), by);
      const token = newInvitationToken();
      const id = invitationIdOf(token);
      const invitation: InvitationDocument = {
        _id: invitationDocId(id),
        type: 'invitation',
        spaceId,
        email: email.trim(),
        role,
        invitedBy: by,
        createdAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + days * dayMilliseconds).toISOString(),
      };
      // Until the space knows it, it leads nowhere.
      await writeInvitation(couch, invitation);
      try {
        const { expiresAt } = invitation;
        await directory.update(spaceId, (found) => withInvitation(owned(found, by), { id, expiresAt, now }));
      } catch (error) {
        await removeInvitations(couch, [id]);
        throw error;
      }
      return { ...view(space, { id, invitation }), token };
    },
    async list(spaceId, by) {
      const space = owned(await requireSpace(directory, spaceId), by);
      const open = Object.entries(space.invitations ?? {}).flatMap(([id, { state }]) =>
        state === 'open' ? [id] : [],
      );
      const found = await readInvitations(couch, open);
      return found
        .filter(({ invitedBy, expiresAt }) => holds(space, invitedBy, expiresAt, clock()))
        .map((invitation) => view(space, { id: idOf(invitation), invitation }))
        .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    },
    async withdraw(spaceId, invitationId, by) {
      let wasOpen = false;
      await directory.update(spaceId, (found) => {
        const document = owned(found, by);
        wasOpen = own(document.invitations, invitationId)?.state === 'open';
        return closed(document, invitationId, { state: 'withdrawn', now: clock() });
      });
      if (!wasOpen) return false;
      await removeInvitations(couch, [invitationId]);
      await dissolve(spaceId);
      return true;
    },
    async find(token) {
      const found = await find(token);
      const space = await directory.get(found.invitation.spaceId);
      return view(assertOpen(space, found, clock()), found);
    },
    async accept(token, userId) {
      const found = await find(token);
      const { spaceId } = found.invitation;
      const space = await directory.update(spaceId, (current) =>
        accepted(current, found, { userId, now: clock() }),
      );
      await outbox.settleOrLater(spaceId);
      return view(required(space), found);
    },
    async decline(token) {
      const found = await find(token);
      const { spaceId } = found.invitation;
      await directory.update(spaceId, (current) =>
        closed(assertOpen(current, found, clock()), found.id, { state: 'declined', now: clock() }),
      );
      await removeInvitations(couch, [found.id]);
      await dissolve(spaceId);
    },
    removeExpired: (signal) =>
      removeExpiredInvitations({
        couch,
        now: clock(),
        signal,
        async onExpired({ spaceId }) {
          // Noted first: whether anything is to be ended is not seen any more once the invitation is gone.
          await directory.update(spaceId, (found) => found && endingWhereAlone(found, clock()));
          await dissolve(spaceId);
        },
      }),
  };
}

function holds(space: SpaceDocument, invitedBy: string, expiresAt: string, now: Date): boolean {
  return roleIn(space, invitedBy) === 'owner' && Date.parse(expiresAt) >= now.getTime();
}

function idOf({ _id }: InvitationDocument): string {
  return _id.slice('invitation:'.length);
}

function view(space: SpaceDocument, { id, invitation }: FoundInvitation): Invitation {
  const { email, role, invitedBy, createdAt, expiresAt } = invitation;
  const { kind, name } = space;
  if (kind !== 'team' && kind !== 'shared') throw new SetteeError('forbidden', 'Nobody joins this space.');
  return {
    id,
    space: { id: spaceIdOf(space), name, kind },
    email,
    role,
    invitedBy,
    createdAt,
    expiresAt,
  };
}
