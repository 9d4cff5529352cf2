import { v4 as uuid } from 'uuid';
import {
  createdFlowSchema,
  createFlowBodySchema,
  deletedFlowSchema,
  duplicateFlowBodySchema,
  errorBodySchema,
  flowIdParamsSchema,
  flowSchema,
  updateFlowBodySchema,
  type CreateFlowBody,
  type FlowDocument,
} from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import { etagOf, preconditionOf } from '../http-conditions.ts';
import { defineRoute, type Route } from '../route.ts';
import { carryOut, planVisibility, teamOf } from '../sharing/visibility.ts';
import { assertOwns, assertWrites } from '../store/space-rights.ts';
import type { UserSpace } from '../store/user-space.ts';
import { createFlow, duplicateFlow, putFlow, readFlow, removeFlow, restoreFlow } from './flow-actions.ts';
import { findPlace, placeForNew, placeOf } from './flow-place.ts';
import { flowReplies } from './flow-replies.ts';
import { replyWithFlow, showCurrent, type FlowContext } from './flow-services.ts';

type NewPlace = Pick<CreateFlowBody, 'visibility' | 'teamId' | 'spaceId'> & { id: string };

/** Where the body wants a new flow. */
async function placeOfNew(
  context: FlowContext,
  principal: Principal,
  { id, visibility, teamId, spaceId }: NewPlace,
): Promise<UserSpace> {
  const { open } = context;
  const isForTeam = typeof spaceId !== 'string' && (visibility === 'team' || teamId !== undefined);
  const wanted = isForTeam ? (await teamOf(context, principal, teamId)).space.id : spaceId;
  const space = await placeForNew(open, principal, {
    id,
    ...(typeof wanted === 'string' ? { spaceId: wanted } : {}),
  });
  assertWrites(space);
  if (visibility === 'public') assertOwns(space);
  return space;
}

function createRoute(context: FlowContext): Route {
  const { base, spaces, now } = context;
  return defineRoute({
    method: 'post',
    path: base,
    tag: 'Flows',
    summary: 'Create a flow, in the personal space or in the one named',
    access: 'write',
    body: createFlowBodySchema,
    replies: {
      201: { description: 'The flow was stored.', schema: createdFlowSchema },
      400: { description: 'It is for a team, and which one is not said.', schema: errorBodySchema },
      403: { description: 'A viewer of that space.', schema: errorBodySchema },
      409: { description: 'The id is taken.', schema: errorBodySchema },
    },
    async handle({ principal, body: { teamId, ...body } }) {
      const id = body.id ?? uuid();
      const { documents, database, space } = await placeOfNew(context, principal, { ...body, id, teamId });
      const flow = await createFlow(documents, { ...body, id }, now());
      if (flow.visibility === 'public') {
        await spaces.templates.publish(flow, { database, by: principal.userId, spaceId: space.id });
      }
      const { name, version, createdAt, updatedAt } = flow;
      return {
        status: 201,
        body: { id, name, version, createdAt, updatedAt, syncedToCloud: true },
        headers: { ETag: etagOf(flow), Location: `${base}/${id}` },
      };
    },
  });
}

function putRoute(context: FlowContext): Route {
  const { base, open, now } = context;
  return defineRoute({
    method: 'put',
    path: `${base}/:id`,
    tag: 'Flows',
    summary:
      'Change fields of a flow, or create it under this id; another visibility moves it into or out of a team, or shows a template of it to everybody',
    access: 'write',
    params: flowIdParamsSchema,
    body: updateFlowBodySchema,
    replies: {
      200: flowReplies.wholeFlow,
      201: flowReplies.created,
      400: { description: 'It is for a team, and which one is not said.', schema: errorBodySchema },
      403: { description: 'A viewer, or no owner where it takes one.', schema: errorBodySchema },
      404: flowReplies.notFound,
      409: { description: 'The flow was deleted; restore it first.', schema: errorBodySchema },
      412: flowReplies.stale,
    },
    async handle({ principal, params: { id }, body: { teamId, ...body }, request }) {
      const found = await findPlace(open, principal, id);
      const place = found ?? (await placeOfNew(context, principal, { ...body, id, teamId }));
      assertWrites(place);
      const change = { place, wanted: body.visibility, teamId };
      const plan = await planVisibility(context, principal, change, id);
      const check = preconditionOf<FlowDocument>(request, showCurrent(place, principal));
      const edit = { body, now: now(), check, isThere: found !== null };
      const { document, created, outcome } = await putFlow(place.documents, id, edit);
      const status = created ? 201 : 200;
      if (plan === null)
        return replyWithFlow(context, { status, flow: document, space: place, principal, outcome });
      const space = await carryOut(context, principal, plan, { place, flow: document, id });
      const flow = space === place ? document : await readFlow(space.documents, id);
      return replyWithFlow(context, { status, flow, space, principal, outcome });
    },
  });
}

function removeRoute({ base, open, spaces, now }: FlowContext): Route {
  return defineRoute({
    method: 'delete',
    path: `${base}/:id`,
    tag: 'Flows',
    summary: 'Delete a flow softly',
    access: 'write',
    params: flowIdParamsSchema,
    replies: {
      200: { description: 'The flow is deleted and can be restored.', schema: deletedFlowSchema },
      404: flowReplies.notFound,
      412: flowReplies.stale,
    },
    async handle({ principal, params: { id }, request }) {
      const space = await placeOf(open, principal, id);
      assertOwns(space);
      const check = preconditionOf<FlowDocument>(request, showCurrent(space, principal));
      const { userId } = principal;
      const flow = await removeFlow(space.documents, id, { userId, now: now(), check });
      await spaces.templates.unpublish(id, { by: userId, spaceId: space.space.id });
      return {
        status: 200,
        body: { deleted: true, deletedAt: flow.deletedAt },
        headers: { ETag: etagOf(flow) },
      };
    },
  });
}

function restoreRoute(context: FlowContext): Route {
  const { base, open, spaces, now } = context;
  return defineRoute({
    method: 'post',
    path: `${base}/:id/restore`,
    tag: 'Flows',
    summary: 'Take a deletion back',
    access: 'write',
    params: flowIdParamsSchema,
    replies: { 200: flowReplies.wholeFlow, 404: flowReplies.notFound, 412: flowReplies.stale },
    async handle({ principal, params: { id }, request }) {
      const space = await placeOf(open, principal, id);
      assertWrites(space);
      const check = preconditionOf<FlowDocument>(request, showCurrent(space, principal));
      const flow = await restoreFlow(space.documents, id, { now: now(), check });
      if (flow.visibility === 'public' && space.role === 'owner') {
        await spaces.templates.publish(flow, {
          database: space.database,
          by: principal.userId,
          spaceId: space.space.id,
        });
      }
      return replyWithFlow(context, { status: 200, flow, space, principal });
    },
  });
}

function duplicateRoute(context: FlowContext): Route {
  const { base, open, now } = context;
  return defineRoute({
    method: 'post',
    path: `${base}/:id/duplicate`,
    tag: 'Flows',
    summary: 'Copy a flow, within its team where the caller may write there, else into the personal space',
    access: 'write',
    params: flowIdParamsSchema,
    body: duplicateFlowBodySchema,
    replies: { 201: { description: 'The copy.', schema: flowSchema }, 404: flowReplies.notFound },
    async handle({ principal, params: { id }, body }) {
      const source = await placeOf(open, principal, id);
      const isTeams = source.space.kind === 'team' && source.role !== 'viewer';
      const space = isTeams ? source : await open(principal);
      const name = body?.name;
      const options = { now: now(), to: space.documents, ...(name === undefined ? {} : { name }) };
      const flow = await duplicateFlow(source.documents, id, options);
      return replyWithFlow(context, { status: 201, flow, space, principal });
    },
  });
}

/** Create, change, delete, restore and copy. */
export function createFlowWriteRoutes(context: FlowContext): Route[] {
  return [createRoute, putRoute, removeRoute, restoreRoute, duplicateRoute].map((route) => route(context));
}
