import type { Request } from 'express';
import { z } from 'zod';
import { monthOf, spaceListSchema, spaceMonthsBodySchema, type SpaceReply } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { defineRoute, type Route } from './route.ts';

/** The origin by which the caller reached this server, unless the configuration names one. */
function originOf(request: Request, publicUrl: string | undefined): string {
  return publicUrl ?? `${request.protocol}://${request.get('host') ?? 'localhost'}`;
}

function spaceReply(
  { space, role, runs }: Awaited<ReturnType<Spaces['list']>>[number],
  origin: string,
): SpaceReply {
  const { id, kind, name, database } = space;
  const url = (of: string): string => `${origin}/db/${encodeURIComponent(of)}`;
  return {
    id,
    kind,
    name,
    role,
    database,
    url: url(database),
    runs: runs.map((month) => ({ ...month, url: url(month.database) })),
  };
}

async function assertOwner(spaces: Spaces, userId: string, spaceId: string): Promise<void> {
  const found = (await spaces.list(userId)).find(({ space }) => space.id === spaceId);
  if (!found) throw new SetteeError('not_found', 'There is no such space.');
  if (found.role !== 'owner') throw new SetteeError('forbidden', 'Only an owner of the space may do this.');
}

/** Which databases the user may replicate, and where. */
export function createSpaceRoutes(options: {
  spaces: Spaces;
  publicUrl?: string | undefined;
  clock?: () => Date;
}): Route[] {
  const { spaces, publicUrl, clock = () => new Date() } = options;
  return [
    defineRoute({
      method: 'get',
      path: '/api/spaces',
      tag: 'Spaces',
      summary: 'The spaces of this user and their databases, for replication',
      access: 'read',
      replies: { 200: { description: 'Spaces', schema: spaceListSchema } },
      async handle({ principal, request }) {
        const origin = originOf(request, publicUrl);
        const found = await spaces.list(principal.userId);
        return { status: 200, body: { spaces: found.map((entry) => spaceReply(entry, origin)) } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/spaces/:id/months',
      tag: 'Spaces',
      summary: 'Let the space have runs of older months, for imports; may be repeated',
      access: 'write',
      params: z.object({ id: z.string().max(100) }),
      body: spaceMonthsBodySchema,
      replies: {
        204: { description: 'Runs from that month on may be written' },
        400: { description: 'No month, one before 2000, or one in the future' },
        403: { description: 'Not an owner' },
        404: { description: 'No such space' },
      },
      async handle({ principal, params, body }) {
        await assertOwner(spaces, principal.userId, params.id);
        if (body.from > monthOf(clock())) {
          throw new SetteeError('invalid_body', 'The month is in the future.');
        }
        await spaces.allowMonthsFrom(params.id, body.from);
        return { status: 204 };
      },
    }),
  ];
}
