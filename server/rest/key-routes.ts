import { z } from 'zod';
import { createdKeySchema, createKeyBodySchema, keyListSchema } from '../../schema/index.ts';
import type { Auth } from '../auth/auth.ts';
import { SetteeError } from '../errors.ts';
import { assertSession, keyReply } from './account-replies.ts';
import { defineRoute, type Route } from './route.ts';

/** API keys: made and deleted by people who signed in. */
export function createKeyRoutes({ auth }: { auth: Auth }): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/keys',
      tag: 'API keys',
      summary: 'The API keys of this user, without their secrets',
      access: 'read',
      replies: { 200: { description: 'Keys, the oldest first', schema: keyListSchema } },
      async handle({ principal }) {
        return { status: 200, body: { keys: (await auth.keys(principal.userId)).map(keyReply) } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/keys',
      tag: 'API keys',
      summary: 'Make an API key; its secret is shown this once',
      access: 'write',
      body: createKeyBodySchema,
      replies: {
        201: { description: 'The key', schema: createdKeySchema },
        403: { description: 'A scope that the user lacks' },
      },
      async handle({ principal, body }) {
        assertSession(principal);
        const { key, token } = await auth.createKey(principal, body);
        return { status: 201, body: { ...keyReply(key), key: token } };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/keys/:id',
      tag: 'API keys',
      summary: 'Delete an API key; its next request is refused',
      access: 'write',
      params: z.object({ id: z.string() }),
      replies: { 204: { description: 'Deleted' }, 404: { description: 'No such key' } },
      async handle({ principal, params }) {
        assertSession(principal);
        if (!(await auth.deleteKey(principal.userId, params.id))) {
          throw new SetteeError('not_found', 'There is no such key.');
        }
        return { status: 204 };
      },
    }),
  ];
}
