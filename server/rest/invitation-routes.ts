import {
  createdInvitationSchema,
  invitationListSchema,
  invitationParamsSchema,
  invitationPreviewSchema,
  invitationTokenParamsSchema,
  inviteBodySchema,
  spaceIdParamsSchema,
  spaceSchema,
} from '../../schema/index.ts';
import type { Auth } from '../auth/auth.ts';
import type { Principal } from '../auth/principal.ts';
import { SetteeError } from '../errors.ts';
import type { Spaces } from '../spaces/spaces.ts';
import type { Invite } from './invite.ts';
import { originOf } from './origin-of.ts';
import { defineRoute, type Route } from './route.ts';
import { findSpace, spaceReply } from './space-reply.ts';
import type { SpaceRoutesOptions } from './space-routes.ts';

export interface InvitationRoutesOptions {
  spaces: Spaces;
  auth: Auth;
  invite: Invite;
  publicUrl?: string | undefined;
  usageOf?: SpaceRoutesOptions['usageOf'];
}

const tag = 'Invitations';
const notOwner = { description: 'Not an owner, or a space that nobody joins' };
const missing = { description: 'No such space, or not a member of it' };
const spent = {
  404: { description: 'No such invitation, or one that was used or withdrawn' },
  410: { description: 'Expired' },
};

/** Says to an owner that the person is in already; to others, what making the invitation would have said. */
async function assertNoMember(
  { spaces, auth }: InvitationRoutesOptions,
  spaceId: string,
  { email, by }: { email: string; by: string },
): Promise<void> {
  const members = await spaces.members(spaceId, by);
  if (members.find(({ userId }) => userId === by)?.role !== 'owner') return;
  const person = await auth.findPerson(email);
  if (person && members.some(({ userId }) => userId === person.userId)) {
    throw new SetteeError('conflict', 'This person is a member already.');
  }
}

function inviteRoute(options: InvitationRoutesOptions): Route {
  const { invite } = options;
  return defineRoute({
    method: 'post',
    path: '/api/spaces/:id/invitations',
    tag,
    summary:
      'Invite somebody by e-mail, with an account or without; the link can be passed on by hand as well',
    access: 'write',
    params: spaceIdParamsSchema,
    body: inviteBodySchema,
    replies: {
      201: { description: 'The invitation, with its token this once', schema: createdInvitationSchema },
      403: notOwner,
      404: missing,
      409: { description: 'A member already, or too many open invitations' },
    },
    async handle({ principal, params, body: { email, role }, request }) {
      await assertNoMember(options, params.id, { email, by: principal.userId });
      const invitation = await invite({ spaceId: params.id, email, role, principal, request });
      return { status: 201, body: invitation };
    },
  });
}

function pendingRoutes({ spaces }: InvitationRoutesOptions): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/spaces/:id/invitations',
      tag,
      summary: 'The invitations into a space that can be accepted; for its owners',
      access: 'read',
      params: spaceIdParamsSchema,
      replies: {
        200: { description: 'Open invitations', schema: invitationListSchema },
        403: notOwner,
        404: missing,
      },
      async handle({ principal, params }) {
        const found = await spaces.invitations.list(params.id, principal.userId);
        return { status: 200, body: { invitations: found.map(({ space: _space, ...entry }) => entry) } };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/spaces/:id/invitations/:invitationId',
      tag,
      summary: 'Withdraw an invitation',
      access: 'write',
      params: invitationParamsSchema,
      replies: {
        204: { description: 'It cannot be accepted any more' },
        403: notOwner,
        404: { description: 'No such space, or no such open invitation' },
      },
      async handle({ principal, params: { id, invitationId } }) {
        if (await spaces.invitations.withdraw(id, invitationId, principal.userId)) return { status: 204 };
        throw new SetteeError('not_found', 'There is no such open invitation.');
      },
    }),
  ];
}

function previewRoute({ spaces, auth }: InvitationRoutesOptions): Route {
  return defineRoute({
    method: 'get',
    path: '/api/invitations/:token',
    tag,
    summary: 'What an invitation is for; for whoever holds it, signed in or not',
    access: 'public',
    limit: 'token',
    params: invitationTokenParamsSchema,
    replies: { 200: { description: 'The invitation', schema: invitationPreviewSchema }, ...spent },
    async handle({ params }) {
      const { space, email, role, invitedBy, expiresAt } = await spaces.invitations.find(params.token);
      const [person] = await auth.people([invitedBy]);
      const inviter = person?.name ?? person?.email ?? '';
      const { name: spaceName, kind } = space;
      return { status: 200, body: { spaceName, kind, invitedBy: inviter, email, role, expiresAt } };
    },
  });
}

function answerRoutes({ spaces, publicUrl, usageOf }: InvitationRoutesOptions): Route[] {
  const join = async (token: string, { userId }: Principal) => {
    const { space } = await spaces.invitations.accept(token, userId);
    return findSpace(spaces, userId, space.id);
  };
  return [
    defineRoute({
      method: 'post',
      path: '/api/invitations/:token/accept',
      tag,
      summary: 'Join the space; works once, and again for the same user while he is a member',
      access: 'write',
      limit: 'token',
      params: invitationTokenParamsSchema,
      replies: {
        200: { description: 'The space, as the list shows it', schema: spaceSchema },
        ...spent,
        409: { description: 'A member already, by another way' },
      },
      async handle({ principal, params, request }) {
        const joined = await join(params.token, principal);
        const usage = await usageOf?.(joined.space);
        return { status: 200, body: spaceReply(joined, originOf(request, publicUrl), usage) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/invitations/:token/decline',
      tag,
      summary: 'Make an invitation void; for whoever holds it, signed in or not',
      access: 'public',
      limit: 'token',
      params: invitationTokenParamsSchema,
      replies: { 204: { description: 'It cannot be accepted any more' }, ...spent },
      async handle({ params }) {
        await spaces.invitations.decline(params.token);
        return { status: 204 };
      },
    }),
  ];
}

/** Invitations: made and withdrawn by owners, answered by whoever holds the token. */
export function createInvitationRoutes(options: InvitationRoutesOptions): Route[] {
  return [inviteRoute(options), ...pendingRoutes(options), previewRoute(options), ...answerRoutes(options)];
}
