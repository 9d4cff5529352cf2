import {
  bareId,
  changedFlowsQuerySchema,
  changedFlowsReplySchema,
  syncFlowsBodySchema,
  syncFlowsReplySchema,
} from '../../../schema/index.ts';
import type { Spaces } from '../../spaces/spaces.ts';
import type { FlowServices } from '../flows/flow-services.ts';
import { showFlow } from '../flows/flow-view.ts';
import { monthsOf } from '../runs/months-of.ts';
import type { UserSpace } from '../store/user-space.ts';
import { defineRoute, type Route } from '../route.ts';
import type { ChangeClock } from './change-clock.ts';
import { pullFlows, type PulledSpace } from './pull-flows.ts';
import { pushFlows } from './push-flows.ts';

/** What the calls on sync need. */
export interface SyncServices extends FlowServices {
  clock: ChangeClock;
  spaces: FlowServices['spaces'] & Pick<Spaces, 'members'>;
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
      const spaces = await open.all(principal);
      return { status: 200, body: await pushFlows(spaces, { clock, body, now: now() }) };
    },
  });
}

async function withJoined(spaces: Pick<Spaces, 'members'>, space: UserSpace): Promise<PulledSpace> {
  if (space.space.kind === 'personal') return space;
  const members = await spaces.members(space.space.id, space.userId);
  const me = members.find(({ userId }) => userId === space.userId);
  return { ...space, ...(me === undefined ? {} : { joined: me.since }) };
}

function pullRoute({ open, spaces, clock, catalog, usage }: SyncServices): Route {
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
      const opened = await open.all(principal);
      const range = since === undefined ? {} : { since };
      const joined = await Promise.all(opened.map((space) => withJoined(spaces, space)));
      const { flows, ...next } = await pullFlows(joined, { clock, catalog, ...range });
      const figures = await usage.byFlow(monthsOf(opened));
      const shown = flows.map(({ flow, space }) => {
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
