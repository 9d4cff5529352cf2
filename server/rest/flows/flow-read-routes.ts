import { z } from 'zod';
import { flowIdParamsSchema, flowListSchema, flowStatsSchema } from '../../../schema/index.ts';
import { notModified } from '../http-conditions.ts';
import { defineRoute, type Route } from '../route.ts';
import { statsOf } from '../runs/flow-stats.ts';
import { readFlow } from './flow-actions.ts';
import { flowReplies } from './flow-replies.ts';
import { replyWithFlow, type FlowContext } from './flow-services.ts';
import { listFlows, listFlowsQuerySchema } from './list-flows.ts';

const readQuerySchema = z.object({
  deleted: z.enum(['true', 'false']).optional().describe('True shows a soft-deleted flow too.'),
});

function listRoute({ base, open, catalog, usage }: FlowContext): Route {
  return defineRoute({
    method: 'get',
    path: base,
    tag: 'Flows',
    summary: 'List flows: search, filter, sort, page',
    access: 'read',
    query: listFlowsQuerySchema,
    replies: { 200: { description: 'A page of summaries.', schema: flowListSchema } },
    async handle({ principal, query }) {
      const space = await open(principal);
      const [index, figures] = await Promise.all([catalog.current(space), usage.byFlow(space)]);
      return { status: 200, body: listFlows(index, query, figures) };
    },
  });
}

function readRoute({ base, open, usage }: FlowContext): Route {
  return defineRoute({
    method: 'get',
    path: `${base}/:id`,
    tag: 'Flows',
    summary: 'Read a whole flow',
    access: 'read',
    params: flowIdParamsSchema,
    query: readQuerySchema,
    replies: { 200: flowReplies.wholeFlow, 304: flowReplies.notModified, 404: flowReplies.notFound },
    async handle({ principal, params: { id }, query, request }) {
      const space = await open(principal);
      const flow = await readFlow(space.documents, id, { deleted: query.deleted === 'true' });
      return notModified(request, flow) ?? replyWithFlow(usage, { status: 200, flow, space, principal });
    },
  });
}

function statsRoute({ base, open, usage }: FlowContext): Route {
  return defineRoute({
    method: 'get',
    path: `${base}/:id/stats`,
    tag: 'Flows',
    summary: 'Figures of a flow’s runs',
    access: 'read',
    params: flowIdParamsSchema,
    replies: {
      200: { description: 'Counts, rates and sums.', schema: flowStatsSchema },
      404: flowReplies.notFound,
    },
    async handle({ principal, params: { id } }) {
      const space = await open(principal);
      await readFlow(space.documents, id, { deleted: true });
      return { status: 200, body: statsOf(id, (await usage.byFlow(space)).get(id)) };
    },
  });
}

/** List, read, and figures of one flow's runs. */
export function createFlowReadRoutes(context: FlowContext): Route[] {
  return [listRoute(context), readRoute(context), statsRoute(context)];
}
