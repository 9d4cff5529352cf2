import {
  memberListSchema,
  memberParamsSchema,
  memberRoleBodySchema,
  memberSchema,
  spaceIdParamsSchema,
  type Member,
} from '../../schema/index.ts';
import type { Auth, Person } from '../auth/auth.ts';
import { SetteeError } from '../errors.ts';
import type { SpaceMember } from '../spaces/space-members.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { defineRoute, type Route } from './route.ts';

const tag = 'Spaces';
const missing = { description: 'No such space, not a member of it, or no such member' };
const lastOwner = { description: 'No owner would be left: hand the space over, or delete it' };

function memberReply({ userId, role, since }: SpaceMember, person: Person | undefined): Member {
  const name = person?.name;
  return { userId, email: person?.email ?? '', ...(name === undefined ? {} : { name }), role, since };
}

async function listMembers(
  { spaces, auth }: { spaces: Spaces; auth: Auth },
  spaceId: string,
  userId: string,
): Promise<Member[]> {
  const members = await spaces.members(spaceId, userId);
  const people = await auth.people(members.map((member) => member.userId));
  const byId = new Map(people.map((person) => [person.userId, person]));
  return members.map((member) => memberReply(member, byId.get(member.userId)));
}

/** Who is in a space, and as what. */
export function createMemberRoutes(services: { spaces: Spaces; auth: Auth }): Route[] {
  const { spaces } = services;
  return [
    defineRoute({
      method: 'get',
      path: '/api/spaces/:id/members',
      tag,
      summary: 'The members of a space; for its members',
      access: 'read',
      params: spaceIdParamsSchema,
      replies: { 200: { description: 'Members', schema: memberListSchema }, 404: missing },
      async handle({ principal, params }) {
        return { status: 200, body: { members: await listMembers(services, params.id, principal.userId) } };
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/api/spaces/:id/members/:userId',
      tag,
      summary: 'Give a member another role; what he has open with the old one ends before the answer',
      access: 'write',
      params: memberParamsSchema,
      body: memberRoleBodySchema,
      replies: {
        200: { description: 'The member', schema: memberSchema },
        403: { description: 'Not an owner' },
        404: missing,
        409: lastOwner,
      },
      async handle({ principal, params: { id, userId }, body: { role } }) {
        await spaces.setRole(id, { userId, role }, principal.userId);
        const [member] = (await listMembers(services, id, principal.userId)).filter(
          (entry) => entry.userId === userId,
        );
        if (!member) throw new SetteeError('not_found', 'This user is no member of the space.');
        return { status: 200, body: member };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/spaces/:id/members/:userId',
      tag,
      summary: 'Remove a member, or leave; what he has open ends before the answer',
      access: 'write',
      params: memberParamsSchema,
      replies: {
        204: { description: 'Not a member any more' },
        403: { description: 'Not an owner, and not oneself' },
        404: missing,
        409: lastOwner,
      },
      async handle({ principal, params }) {
        await spaces.removeMember(params.id, params.userId, principal.userId);
        return { status: 204 };
      },
    }),
  ];
}
