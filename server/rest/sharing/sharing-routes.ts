import {
  contributorBodySchema,
  contributorListSchema,
  contributorParamsSchema,
  createdInvitationSchema,
  errorBodySchema,
  flowIdParamsSchema,
  flowSchema,
  inviteContributorBodySchema,
  moveFlowBodySchema,
} from '../../../schema/index.ts';
import type { Invite } from '../invite.ts';
import { readFlow } from '../flows/flow-actions.ts';
import { placeOf } from '../flows/flow-place.ts';
import { flowReplies } from '../flows/flow-replies.ts';
import { replyWithFlow, type FlowContext } from '../flows/flow-services.ts';
import { defineRoute, type Route } from '../route.ts';
import { assertOwns } from '../store/space-rights.ts';
import { inviteToFlow, shareFlow, unshareFlow, type SharingServices } from './share-flow.ts';

export interface SharingContext extends FlowContext, Pick<SharingServices, 'auth'> {
  spaces: SharingServices['spaces'];
  invite: Invite;
}

const tag = 'Sharing';
const refusals = {
  403: { description: 'Not an owner.', schema: errorBodySchema },
  404: { description: 'No such flow, or no such user.', schema: errorBodySchema },
  409: { description: 'The flow belongs to a team, whose members see it.', schema: errorBodySchema },
  413: { description: 'The owner of too many shared flows.', schema: errorBodySchema },
};

function shareRoute(context: SharingContext): Route {
  const { base, membersOf } = context;
  return defineRoute({
    method: 'put',
    path: `${base}/:id/contributors/:userId`,
    tag,
    summary:
      'Let a user see or edit a flow; the first time it moves into a space of its own, with its history',
    access: 'write',
    params: contributorParamsSchema,
    body: contributorBodySchema,
    replies: { 200: { description: 'Who sees it now.', schema: contributorListSchema }, ...refusals },
    async handle({ principal, params, body: { role } }) {
      const place = await shareFlow(context, principal, { ...params, role });
      const contributors = (await membersOf(place)) ?? [];
      return { status: 200, body: { contributors, spaceId: place.space.id } };
    },
  });
}

function inviteRoute(context: SharingContext): Route {
  const { base, invite } = context;
  return defineRoute({
    method: 'put',
    path: `${base}/:id/contributors`,
    tag,
    summary: 'Invite somebody to a flow by e-mail, with an account or without',
    access: 'write',
    params: flowIdParamsSchema,
    body: inviteContributorBodySchema,
    replies: {
      201: { description: 'The invitation, with its token this once', schema: createdInvitationSchema },
      ...refusals,
    },
    async handle({ principal, params: { id }, body, request }) {
      const invitation = await inviteToFlow(context, principal, id, (spaceId) =>
        invite({ spaceId, ...body, principal, request }),
      );
      return { status: 201, body: invitation };
    },
  });
}

function unshareRoute(context: SharingContext): Route {
  return defineRoute({
    method: 'delete',
    path: `${context.base}/:id/contributors/:userId`,
    tag,
    summary: 'Take a contributor out, or oneself; after the last one the flow is in the personal space again',
    access: 'write',
    params: contributorParamsSchema,
    replies: { 204: { description: 'Not a contributor any more.' }, ...refusals },
    async handle({ principal, params }) {
      await unshareFlow(context, principal, params);
      return { status: 204 };
    },
  });
}

function moveRoute(context: SharingContext): Route {
  const { base, open, spaces } = context;
  return defineRoute({
    method: 'post',
    path: `${base}/:id/move`,
    tag,
    summary: 'Move a flow into another space, with its versions and history',
    access: 'write',
    params: flowIdParamsSchema,
    body: moveFlowBodySchema,
    replies: {
      200: { description: 'The flow where it is now.', schema: flowSchema },
      403: { description: 'Not an owner here, or a viewer there.', schema: errorBodySchema },
      404: flowReplies.notFound,
      413: { description: 'The other space has no room for it.', schema: errorBodySchema },
    },
    async handle({ principal, params: { id }, body: { spaceId: to } }) {
      const place = await placeOf(open, principal, id);
      assertOwns(place);
      const target = await open.one(principal, to);
      await spaces.moves.moveFlow({ flowId: id, from: place.space.id, to, by: principal.userId });
      const flow = await readFlow(target.documents, id, { deleted: true });
      return replyWithFlow(context, { status: 200, flow, space: target, principal });
    },
  });
}

/** Who sees a flow, and where it is. */
export function createSharingRoutes(context: SharingContext): Route[] {
  return [shareRoute, inviteRoute, unshareRoute, moveRoute].map((route) => route(context));
}
