import {
  bareId,
  errorBodySchema,
  flowIdParamsSchema,
  flowSchema,
  templateListQuerySchema,
  templateListSchema,
  templateSchema,
  useTemplateBodySchema,
} from '../../../schema/index.ts';
import { templatesSpaceId } from '../../spaces/templates-space.ts';
import { readFlow } from '../flows/flow-actions.ts';
import { replyWithFlow, type FlowContext } from '../flows/flow-services.ts';
import { showFlow } from '../flows/flow-view.ts';
import { defineRoute, type Route } from '../route.ts';
import { listTemplates } from './list-templates.ts';
import { useTemplate } from './use-template.ts';

const base = '/api/templates';
const tag = 'Templates';
const notFound = { description: 'There is no such template.', schema: errorBodySchema };
type Context = Omit<FlowContext, 'base'>;

function listRoute({ open, catalog, spaces }: Context): Route {
  return defineRoute({
    method: 'get',
    path: base,
    tag,
    summary: 'List public flows, those that most people used first',
    access: 'read',
    query: templateListQuerySchema,
    replies: { 200: { description: 'A page of summaries.', schema: templateListSchema } },
    async handle({ principal, query }) {
      const space = await open.one(principal, templatesSpaceId);
      const [index, uses] = await Promise.all([catalog.current(space), spaces.templates.uses()]);
      return { status: 200, body: listTemplates(index, query, uses) };
    },
  });
}

function readRoute({ open, spaces }: Context): Route {
  return defineRoute({
    method: 'get',
    path: `${base}/:id`,
    tag,
    summary: 'Read a whole template',
    access: 'read',
    params: flowIdParamsSchema,
    replies: { 200: { description: 'The template.', schema: templateSchema }, 404: notFound },
    async handle({ principal, params: { id } }) {
      const space = await open.one(principal, templatesSpaceId);
      const flow = await readFlow(space.documents, id);
      const popularity = (await spaces.templates.uses()).get(id) ?? 0;
      const { contributors: _contributors, ...shown } = showFlow(flow, { principal, space });
      return { status: 200, body: { ...shown, popularity } };
    },
  });
}

function useRoute(context: Context): Route {
  return defineRoute({
    method: 'post',
    path: `${base}/:id/use`,
    tag,
    summary: 'Make a flow of one’s own from a template; its parentFlowId is the template',
    access: 'write',
    params: flowIdParamsSchema,
    body: useTemplateBodySchema,
    replies: {
      201: { description: 'The new flow.', schema: flowSchema },
      404: notFound,
      413: { description: 'The space has no room for it.', schema: errorBodySchema },
    },
    async handle({ principal, params: { id }, body }) {
      const { flow, space } = await useTemplate(context, principal, id, body);
      const reply = await replyWithFlow(context, { status: 201, flow, space, principal });
      return { ...reply, headers: { ...reply.headers, Location: `/api/flows/${bareId(flow._id)}` } };
    },
  });
}

/** Public flows, and "use this template". */
export function createTemplateRoutes(context: Context): Route[] {
  return [listRoute(context), readRoute(context), useRoute(context)];
}
