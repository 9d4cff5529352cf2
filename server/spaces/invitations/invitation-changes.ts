import { SetteeError } from '../../errors.ts';
import { endingWhereAlone, withMember } from '../member-changes.ts';
import { lastMember, own, roleIn } from '../membership.ts';
import { required } from '../require-space.ts';
import type { InvitationState, SpaceDocument } from '../space-document.ts';
import type { InvitationDocument } from './invitation-documents.ts';

/** Open invitations of one space; whoever needs more has a list of them to clear up first. */
const mostOpen = 200;

export interface FoundInvitation {
  id: string;
  invitation: InvitationDocument;
}

/** The entries that may still matter. */
function current(document: SpaceDocument, now: Date): Record<string, InvitationState> {
  const entries = Object.entries(document.invitations ?? {});
  return Object.fromEntries(entries.filter(([, { expiresAt }]) => Date.parse(expiresAt) >= now.getTime()));
}

function withState(document: SpaceDocument, id: string, state: InvitationState, now: Date): SpaceDocument {
  return { ...document, invitations: { ...current(document, now), [id]: state } };
}

/** Adds an open invitation; throws SetteeError `conflict` where there are too many, or the space is about to end. */
export function withInvitation(
  document: SpaceDocument,
  { id, expiresAt, now }: { id: string; expiresAt: string; now: Date },
): SpaceDocument {
  if (document.dissolving && lastMember(document, now) !== null) {
    throw new SetteeError('conflict', 'This space is ending, because nobody shares it any more; try again.');
  }
  const open = Object.values(current(document, now)).filter(({ state }) => state === 'open');
  if (open.length >= mostOpen) {
    throw new SetteeError('conflict', `There are ${mostOpen} open invitations already; withdraw some first.`);
  }
  return withState(document, id, { state: 'open', expiresAt }, now);
}

/**
 * Throws SetteeError `invitation_expired`, or `invitation_invalid` where it was used or withdrawn, or where whoever
 * made it is no owner any more: a removed owner must not come back by a link of his own.
 */
export function assertOpen(
  found: SpaceDocument | null,
  { id, invitation }: FoundInvitation,
  now: Date,
): SpaceDocument {
  if (!found || found.removing) throw invalidInvitation();
  const state = own(found.invitations, id)?.state;
  if (state !== undefined && state !== 'open') throw invalidInvitation();
  if (Date.parse(invitation.expiresAt) < now.getTime()) {
    throw new SetteeError('invitation_expired', 'The invitation has expired; ask for another one.');
  }
  if (state === undefined || roleIn(found, invitation.invitedBy) !== 'owner') throw invalidInvitation();
  return found;
}

/**
 * Lets somebody in. The invitation is used up by the same write, so that it works once, and neither a repetition nor a
 * crash brings back somebody who was removed later; whoever repeats it while he is a member is let in as before.
 */
export function accepted(
  found: SpaceDocument | null,
  asked: FoundInvitation,
  { userId, now }: { userId: string; now: Date },
): SpaceDocument {
  const role = roleIn(found, userId);
  const entry = own(found?.invitations, asked.id);
  if (role !== null && entry?.state === 'accepted' && entry.userId === userId) return required(found);
  const document = assertOpen(found, asked, now);
  if (role !== null) throw new SetteeError('conflict', 'You are a member of this space already.');
  const { expiresAt } = asked.invitation;
  const used = withState(document, asked.id, { state: 'accepted', expiresAt, userId }, now);
  return withMember(used, { userId, role: asked.invitation.role, now });
}

/** Ends an open invitation, and the space with it where nobody shares that any more; a closed one stays as it is. */
export function closed(
  document: SpaceDocument,
  id: string,
  { state, now }: { state: 'declined' | 'withdrawn'; now: Date },
): SpaceDocument {
  const entry = own(document.invitations, id);
  if (entry?.state !== 'open') return document;
  return endingWhereAlone(withState(document, id, { ...entry, state }, now), now);
}

export function invalidInvitation(): SetteeError {
  return new SetteeError('invitation_invalid', 'This invitation does not hold: it was used or withdrawn.');
}
