import {
  bareId,
  completeExecutionBodySchema,
  errorBodySchema,
  executionIdParamsSchema,
  executionListQuerySchema,
  executionListSchema,
  executionLogsSchema,
  executionSchema,
  startedExecutionSchema,
  uuidPattern,
  type ExecutionDocument,
} from '../../../schema/index.ts';
import { findPlace } from '../flows/flow-place.ts';
import { etagOf, notModified, preconditionOf } from '../http-conditions.ts';
import { defineRoute, type Route } from '../route.ts';
import type { Usage } from '../runs/usage.ts';
import type { OpenUserSpace } from '../store/user-space.ts';
import { completeExecution, startExecution, startExecutionBodySchema } from './execution-actions.ts';
import { showExecution } from './execution-view.ts';
import { readExecution } from './find-execution.ts';
import { listExecutions } from './list-executions.ts';

/** What the calls on executions need. */
export interface ExecutionServices {
  open: OpenUserSpace;
  usage: Usage;
  now: () => Date;
}

const base = '/api/executions';
const tag = 'Executions';
const notFound = { description: 'There is no such execution.', schema: errorBodySchema };

function listRoute({ open, usage }: ExecutionServices): Route {
  return defineRoute({
    method: 'get',
    path: base,
    tag,
    summary: 'List executions, the newest first',
    access: 'read',
    query: executionListQuerySchema,
    replies: { 200: { description: 'A page of summaries.', schema: executionListSchema } },
    async handle({ principal, query }) {
      const spaces = await open.all(principal, query.spaceId);
      return { status: 200, body: await listExecutions(spaces, usage, query) };
    },
  });
}

function startRoute({ open, now }: ExecutionServices): Route {
  return defineRoute({
    method: 'post',
    path: base,
    tag,
    summary: 'Record that a run has started',
    access: 'write',
    body: startExecutionBodySchema,
    replies: {
      201: { description: 'The run is recorded.', schema: startedExecutionSchema },
      409: { description: 'The id is taken.', schema: errorBodySchema },
      410: { description: 'Runs of that month are not kept any more.', schema: errorBodySchema },
    },
    async handle({ principal, body }) {
      const { flowId } = body;
      const flowIn = uuidPattern.test(flowId) ? await findPlace(open, principal, flowId) : null;
      // Beside the flow, so that whoever sees it sees its runs; a viewer's are in his personal space.
      const space = flowIn === null || flowIn.role === 'viewer' ? await open(principal) : flowIn;
      const execution = await startExecution(space, body, { now: now(), flowIn });
      const { status, startedAt } = execution;
      return {
        status: 201,
        body: { id: bareId(execution._id), status, startedAt },
        headers: { ETag: etagOf(execution) },
      };
    },
  });
}

function completeRoute({ open, now }: ExecutionServices): Route {
  return defineRoute({
    method: 'put',
    path: `${base}/:id/complete`,
    tag,
    summary: 'Record how a run ended',
    access: 'write',
    params: executionIdParamsSchema,
    body: completeExecutionBodySchema,
    replies: {
      200: { description: 'The execution.', schema: executionSchema },
      404: notFound,
      412: { description: 'If-Match names another revision.', schema: errorBodySchema },
    },
    async handle({ principal, params: { id }, body, request }) {
      const check = preconditionOf<ExecutionDocument>(request, showExecution);
      const execution = await completeExecution(await open.all(principal), id, { body, now: now(), check });
      return { status: 200, body: showExecution(execution), headers: { ETag: etagOf(execution) } };
    },
  });
}

function readRoute({ open }: ExecutionServices): Route {
  return defineRoute({
    method: 'get',
    path: `${base}/:id`,
    tag,
    summary: 'Read a whole execution, of whatever month',
    access: 'read',
    params: executionIdParamsSchema,
    replies: {
      200: { description: 'The execution, its revision as ETag.', schema: executionSchema },
      304: { description: 'If-None-Match names its revision.' },
      404: notFound,
    },
    async handle({ principal, params: { id }, request }) {
      const { document } = await readExecution(await open.all(principal), id);
      const unchanged = notModified(request, document);
      if (unchanged !== null) return unchanged;
      return { status: 200, body: showExecution(document), headers: { ETag: etagOf(document) } };
    },
  });
}

function logsRoute({ open }: ExecutionServices): Route {
  return defineRoute({
    method: 'get',
    path: `${base}/:id/logs`,
    tag,
    summary: 'Read what a run logged',
    access: 'read',
    params: executionIdParamsSchema,
    replies: { 200: { description: 'Log lines and warnings.', schema: executionLogsSchema }, 404: notFound },
    async handle({ principal, params: { id } }) {
      const { document } = await readExecution(await open.all(principal), id);
      const { logs = [], warnings = [] } = document;
      return { status: 200, body: { logs, warnings } };
    },
  });
}

/** The calls on executions that need no engine. */
export function createExecutionRoutes(services: ExecutionServices): Route[] {
  return [listRoute, startRoute, completeRoute, readRoute, logsRoute].map((route) => route(services));
}
