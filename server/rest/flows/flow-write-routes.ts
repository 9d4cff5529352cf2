import {
  bareId,
  createdFlowSchema,
  createFlowBodySchema,
  deletedFlowSchema,
  duplicateFlowBodySchema,
  errorBodySchema,
  flowIdParamsSchema,
  flowSchema,
  updateFlowBodySchema,
  type FlowDocument,
} from '../../../schema/index.ts';
import { etagOf, preconditionOf } from '../http-conditions.ts';
import { defineRoute, type Route } from '../route.ts';
import { createFlow, duplicateFlow, putFlow, removeFlow, restoreFlow } from './flow-actions.ts';
import { flowReplies } from './flow-replies.ts';
import { replyWithFlow, showCurrent, type FlowContext } from './flow-services.ts';

function createRoute({ base, open, now }: FlowContext): Route {
  return defineRoute({
    method: 'post',
    path: base,
    tag: 'Flows',
    summary: 'Create a flow',
    access: 'write',
    body: createFlowBodySchema,
    replies: {
      201: { description: 'The flow was stored.', schema: createdFlowSchema },
      409: { description: 'The id is taken.', schema: errorBodySchema },
    },
    async handle({ principal, body }) {
      const { documents } = await open(principal);
      const flow = await createFlow(documents, body, now());
      const { name, version, createdAt, updatedAt } = flow;
      const id = bareId(flow._id);
      return {
        status: 201,
        body: { id, name, version, createdAt, updatedAt, syncedToCloud: true },
        headers: { ETag: etagOf(flow), Location: `${base}/${id}` },
      };
    },
  });
}

function putRoute({ base, open, usage, now }: FlowContext): Route {
  return defineRoute({
    method: 'put',
    path: `${base}/:id`,
    tag: 'Flows',
    summary: 'Change fields of a flow, or create it under this id',
    access: 'write',
    params: flowIdParamsSchema,
    body: updateFlowBodySchema,
    replies: {
      200: flowReplies.wholeFlow,
      201: flowReplies.created,
      404: flowReplies.notFound,
      409: { description: 'The flow was deleted; restore it first.', schema: errorBodySchema },
      412: flowReplies.stale,
    },
    async handle({ principal, params: { id }, body, request }) {
      const space = await open(principal);
      const check = preconditionOf<FlowDocument>(request, showCurrent(space, principal));
      const { document, created, outcome } = await putFlow(space.documents, id, { body, now: now(), check });
      const status = created ? 201 : 200;
      return replyWithFlow(usage, { status, flow: document, space, principal, outcome });
    },
  });
}

function removeRoute({ base, open, now }: FlowContext): Route {
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
      const space = await open(principal);
      const check = preconditionOf<FlowDocument>(request, showCurrent(space, principal));
      const { userId } = principal;
      const flow = await removeFlow(space.documents, id, { userId, now: now(), check });
      return {
        status: 200,
        body: { deleted: true, deletedAt: flow.deletedAt },
        headers: { ETag: etagOf(flow) },
      };
    },
  });
}

function restoreRoute({ base, open, usage, now }: FlowContext): Route {
  return defineRoute({
    method: 'post',
    path: `${base}/:id/restore`,
    tag: 'Flows',
    summary: 'Take a deletion back',
    access: 'write',
    params: flowIdParamsSchema,
    replies: { 200: flowReplies.wholeFlow, 404: flowReplies.notFound, 412: flowReplies.stale },
    async handle({ principal, params: { id }, request }) {
      const space = await open(principal);
      const check = preconditionOf<FlowDocument>(request, showCurrent(space, principal));
      const flow = await restoreFlow(space.documents, id, { now: now(), check });
      return replyWithFlow(usage, { status: 200, flow, space, principal });
    },
  });
}

function duplicateRoute({ base, open, usage, now }: FlowContext): Route {
  return defineRoute({
    method: 'post',
    path: `${base}/:id/duplicate`,
    tag: 'Flows',
    summary: 'Copy a flow',
    access: 'write',
    params: flowIdParamsSchema,
    body: duplicateFlowBodySchema,
    replies: { 201: { description: 'The copy.', schema: flowSchema }, 404: flowReplies.notFound },
    async handle({ principal, params: { id }, body }) {
      const space = await open(principal);
      const name = body?.name;
      const options = { now: now(), ...(name === undefined ? {} : { name }) };
      const flow = await duplicateFlow(space.documents, id, options);
      return replyWithFlow(usage, { status: 201, flow, space, principal });
    },
  });
}

/** Create, change, delete, restore and copy. */
export function createFlowWriteRoutes(context: FlowContext): Route[] {
  return [createRoute, putRoute, removeRoute, restoreRoute, duplicateRoute].map((route) => route(context));
}
