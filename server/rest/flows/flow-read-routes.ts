import { z } from 'zod';
import { flowIdParamsSchema, flowListSchema, flowStatsSchema } from '../../../schema/index.ts';
import { notModified } from '../http-conditions.ts';
import { defineRoute, type Route } from '../route.ts';
import { monthsOf } from '../runs/months-of.ts';
import { statsOf } from '../runs/flow-stats.ts';
import { readFlow } from './flow-actions.ts';
import { placeOf } from './flow-place.ts';
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
      const spaces = await open.all(principal, query.spaceId);
      const listed = Promise.all(
        spaces.map(async (space) => ({ space, index: await catalog.current(space) })),
      );
      const figures = usage.byFlow(monthsOf(await open.all(principal)));
      return { status: 200, body: listFlows(await listed, query, await figures) };
    },
  });
}

function readRoute(context: FlowContext): Route {
  const { base, open } = context;
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
      const space = await placeOf(open, principal, id);
      const flow = await readFlow(space.documents, id, { deleted: query.deleted === 'true' });
      return notModified(request, flow) ?? replyWithFlow(context, { status: 200, flow, space, principal });
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
      const { documents } = await placeOf(open, principal, id);
      await readFlow(documents, id, { deleted: true });
      const figures = await usage.byFlow(monthsOf(await open.all(principal)));
      return { status: 200, body: statsOf(id, figures.get(id)) };
    },
  });
}

/** List, read, and figures of one flow's runs. */
export function createFlowReadRoutes(context: FlowContext): Route[] {
  return [listRoute(context), readRoute(context), statsRoute(context)];
}
