import {
  createSpaceBodySchema,
  monthOf,
  newOwnerBodySchema,
  renameSpaceBodySchema,
  spaceIdParamsSchema,
  spaceListSchema,
  spaceMonthsBodySchema,
  spaceSchema,
  type SpaceUsage,
} from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { ListedSpace, Space, Spaces } from '../spaces/spaces.ts';
import { assertRoomForSpace } from './assert-room-for-space.ts';
import { originOf } from './origin-of.ts';
import { defineRoute, type Route } from './route.ts';
import { findSpace, spaceReply } from './space-reply.ts';

async function assertOwner(spaces: Spaces, userId: string, spaceId: string): Promise<void> {
  const found = await findSpace(spaces, userId, spaceId);
  if (found.role !== 'owner') throw new SetteeError('forbidden', 'Only an owner of the space may do this.');
}

export interface SpaceRoutesOptions {
  spaces: Spaces;
  publicUrl?: string | undefined;
  clock?: () => Date;
  /** How much a space holds. */
  usageOf?: ((space: Space) => Promise<SpaceUsage>) | undefined;
}

const tag = 'Spaces';
const missing = { description: 'No such space, or not a member of it' };
const notOwner = { description: 'Not an owner, or a space that nobody changes' };

function listRoute({ spaces, publicUrl, usageOf }: SpaceRoutesOptions): Route {
  return defineRoute({
    method: 'get',
    path: '/api/spaces',
    tag,
    summary: 'The spaces of this user and their databases, for replication',
    access: 'read',
    replies: { 200: { description: 'Spaces', schema: spaceListSchema } },
    async handle({ principal, request }) {
      const origin = originOf(request, publicUrl);
      const found = await spaces.list(principal.userId);
      const replies = found.map(async (entry) => spaceReply(entry, origin, await usageOf?.(entry.space)));
      return { status: 200, body: { spaces: await Promise.all(replies) } };
    },
  });
}

function monthsRoute({ spaces, clock = () => new Date() }: SpaceRoutesOptions): Route {
  return defineRoute({
    method: 'post',
    path: '/api/spaces/:id/months',
    tag,
    summary: 'Let the space have runs of older months, for imports; may be repeated',
    access: 'write',
    params: spaceIdParamsSchema,
    body: spaceMonthsBodySchema,
    replies: {
      204: { description: 'Runs from that month on may be written' },
      400: { description: 'No month, one before 2000, or one in the future' },
      403: notOwner,
      404: missing,
    },
    async handle({ principal, params, body }) {
      await assertOwner(spaces, principal.userId, params.id);
      if (body.from > monthOf(clock())) {
        throw new SetteeError('invalid_body', 'The month is in the future.');
      }
      await spaces.allowMonthsFrom(params.id, body.from);
      return { status: 204 };
    },
  });
}

function createRoute({ spaces, publicUrl, usageOf }: SpaceRoutesOptions): Route {
  return defineRoute({
    method: 'post',
    path: '/api/spaces',
    tag,
    summary: 'Make a team space; whoever makes it is its owner',
    access: 'write',
    body: createSpaceBodySchema,
    replies: {
      201: { description: 'The space, as the list shows it', schema: spaceSchema },
      413: { description: 'The owner of too many teams' },
    },
    async handle({ principal, body, request }) {
      await assertRoomForSpace(spaces, principal.userId, 'team');
      const space = await spaces.createSpace({ ...body, owner: principal.userId });
      const entry: ListedSpace = { space, role: 'owner', runs: [] };
      const usage = await usageOf?.(space);
      return { status: 201, body: spaceReply(entry, originOf(request, publicUrl), usage) };
    },
  });
}

function changeRoutes({ spaces, publicUrl, usageOf }: SpaceRoutesOptions): Route[] {
  return [
    defineRoute({
      method: 'patch',
      path: '/api/spaces/:id',
      tag,
      summary: 'Give a space another name',
      access: 'write',
      params: spaceIdParamsSchema,
      body: renameSpaceBodySchema,
      replies: {
        200: { description: 'The space, as the list shows it', schema: spaceSchema },
        403: notOwner,
        404: missing,
      },
      async handle({ principal, params, body, request }) {
        await spaces.renameSpace(params.id, body.name, principal.userId);
        const { space, ...entry } = await findSpace(spaces, principal.userId, params.id);
        const renamed = { ...entry, space: { ...space, name: body.name } };
        const usage = await usageOf?.(space);
        return { status: 200, body: spaceReply(renamed, originOf(request, publicUrl), usage) };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/spaces/:id',
      tag,
      summary: 'Delete a space with everything in it, for good; export it first where it is still needed',
      access: 'write',
      params: spaceIdParamsSchema,
      replies: {
        204: { description: 'Deleted' },
        403: notOwner,
        404: missing,
        409: { description: 'A flow was being moved into it' },
      },
      async handle({ principal, params }) {
        await spaces.removeSpace(params.id, principal.userId);
        return { status: 204 };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/spaces/:id/owner',
      tag,
      summary: 'Hand a space over to a member; whoever hands over becomes an editor',
      access: 'write',
      params: spaceIdParamsSchema,
      body: newOwnerBodySchema,
      replies: {
        204: { description: 'Handed over' },
        403: notOwner,
        404: { description: 'No such space, or no such member' },
      },
      async handle({ principal, params, body }) {
        await spaces.handOver(params.id, body.userId, principal.userId);
        return { status: 204 };
      },
    }),
  ];
}

/** Which databases the user may replicate, and the spaces themselves. */
export function createSpaceRoutes(options: SpaceRoutesOptions): Route[] {
  return [listRoute(options), createRoute(options), monthsRoute(options), ...changeRoutes(options)];
}
