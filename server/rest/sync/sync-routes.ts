import {
  bareId,
  changedFlowsQuerySchema,
  changedFlowsReplySchema,
  syncFlowsBodySchema,
  syncFlowsReplySchema,
} from '../../../schema/index.ts';
import type { FlowServices } from '../flows/flow-services.ts';
import { showFlow } from '../flows/flow-view.ts';
import { defineRoute, type Route } from '../route.ts';
import type { ChangeClock } from './change-clock.ts';
import { pullFlows } from './pull-flows.ts';
import { pushFlows } from './push-flows.ts';

/** What the calls on sync need. */
export interface SyncServices extends FlowServices {
  clock: ChangeClock;
}

const path = '/api/sync/flows';

function pushRoute({ open, clock, now }: SyncServices): Route {
  return defineRoute({
    method: 'post',
    path,
    tag: 'Sync',
    summary: 'Take in the flows of a client and say what became of each',
    access: 'write',
    body: syncFlowsBodySchema,
    replies: {
      200: {
        description:
          'Ids that were stored or were here already; conflicts with the action taken: server_wins keeps the pushed flow as a version, kept_both shows it and keeps the server’s as a version, merged means that both said the same or changed different places, and the flow holds both; flows that were refused, with the reason.',
        schema: syncFlowsReplySchema,
      },
    },
    async handle({ principal, body }) {
      const space = await open(principal);
      return { status: 200, body: await pushFlows(space, { clock, body, now: now() }) };
    },
  });
}

function pullRoute({ open, clock, catalog, usage }: SyncServices): Route {
  return defineRoute({
    method: 'get',
    path,
    tag: 'Sync',
    summary: 'Flows changed since a time, soft-deleted ones too',
    access: 'read',
    query: changedFlowsQuerySchema,
    replies: {
      200: { description: 'Whole flows, and the time to ask from next.', schema: changedFlowsReplySchema },
    },
    async handle({ principal, query: { since } }) {
      const space = await open(principal);
      const range = since === undefined ? {} : { since };
      const { flows, ...next } = await pullFlows(space, { clock, catalog, ...range });
      const figures = await usage.byFlow(space);
      const shown = flows.map((flow) => {
        const runs = figures.get(bareId(flow._id));
        return showFlow(flow, {
          principal,
          space,
          ...(runs === undefined ? {} : { figures: runs }),
        });
      });
      return { status: 200, body: { flows: shown, ...next } };
    },
  });
}

/** The calls by which applications without PouchDB keep a copy of their own. */
export function createSyncRoutes(services: SyncServices): Route[] {
  return [pushRoute(services), pullRoute(services)];
}
