import { z } from 'zod';
import { flowIdParamsSchema, flowListSchema, flowStatsSchema } from '../../../schema/index.ts';
import { notModified } from '../http-conditions.ts';
import { defineRoute, type Route } from '../route.ts';
import { monthsOf } from '../runs/months-of.ts';
import { statsOf } from '../runs/flow-stats.ts';
import { isSpaceGone } from '../../couch/engine-error.ts';
import type { UserSpace } from '../store/user-space.ts';
import { readFlow } from './flow-actions.ts';
import { placeOf } from './flow-place.ts';
import { flowReplies } from './flow-replies.ts';
import { replyWithFlow, type FlowContext } from './flow-services.ts';
import { listFlows, listFlowsQuerySchema, type IndexedSpace } from './list-flows.ts';

const readQuerySchema = z.object({
  deleted: z.enum(['true', 'false']).optional().describe('True shows a soft-deleted flow too.'),
});

/** Nothing of a space that was deleted meanwhile. */
async function indexOf(catalog: FlowContext['catalog'], space: UserSpace): Promise<IndexedSpace[]> {
  try {
    return [{ space, index: await catalog.current(space) }];
  } catch (error) {
    if (isSpaceGone(error)) return [];
    throw error;
  }
}

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
      const all = await open.all(principal);
      const spaces = query.spaceId === undefined ? all : await open.all(principal, query.spaceId);
      // Waited for together: of two that fail, nobody would hear of the second.
      const [listed, figures] = await Promise.all([
        Promise.all(spaces.map((space) => indexOf(catalog, space))),
        usage.byFlow(monthsOf(all)),
      ]);
      return { status: 200, body: listFlows(listed.flat(), query, figures) };
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
