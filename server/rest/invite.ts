import type { Request } from 'express';
import type { CreatedInvitation, SpaceRole } from '../../schema/index.ts';
import type { Principal } from '../auth/principal.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { invitationLink, invitationMail } from './invitation-text.ts';
import { originOf } from './origin-of.ts';

/** Makes an invitation into a space and sends it. */
export type Invite = (invitation: {
  spaceId: string;
  email: string;
  role: SpaceRole;
  principal: Principal;
  request: Request;
}) => Promise<CreatedInvitation>;

export function createInvite({
  spaces,
  mailer,
  days,
  publicUrl,
}: {
  spaces: Pick<Spaces, 'invitations'>;
  mailer: Mailer;
  /** How long an invitation holds. */
  days: number;
  publicUrl?: string | undefined;
}): Invite {
  return async ({ spaceId, email, role, principal, request }) => {
    const by = principal.userId;
    const invitation = await spaces.invitations.create(spaceId, { email, role, by, days });
    const { id, token, expiresAt } = invitation;
    const link = invitationLink(originOf(request, publicUrl), token);
    const inviter = principal.name ?? principal.email;
    const mailed = await mailer.send(invitationMail(invitation, { inviter, link }));
    return { id, link, token, expiresAt, mailed };
  };
}
