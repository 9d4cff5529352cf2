import { z } from 'zod';
import { sessionListSchema } from '../../schema/index.ts';
import type { Auth } from '../auth/auth.ts';
import { SetteeError } from '../errors.ts';
import { assertSession, sessionReply } from './account-replies.ts';
import { defineRoute, type Route } from './route.ts';

/** Where somebody is signed in. */
export function createSessionRoutes({ auth }: { auth: Auth }): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/sessions',
      tag: 'Sessions',
      summary: 'Where this user is signed in',
      access: 'read',
      replies: { 200: { description: 'Sessions that can be used', schema: sessionListSchema } },
      async handle({ principal }) {
        const sessions = await auth.sessions(principal.userId);
        return {
          status: 200,
          body: { sessions: sessions.map((session) => sessionReply(session, principal)) },
        };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/sessions/:id',
      tag: 'Sessions',
      summary: 'Sign one session out',
      access: 'write',
      params: z.object({ id: z.string() }),
      replies: { 204: { description: 'Ended' }, 404: { description: 'No such session' } },
      async handle({ principal, params }) {
        assertSession(principal);
        if (!(await auth.endSession(principal.userId, params.id))) {
          throw new SetteeError('not_found', 'There is no such session.');
        }
        return { status: 204 };
      },
    }),
  ];
}
