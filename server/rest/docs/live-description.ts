import { z } from 'zod';
import { errorBodySchema } from '../../../schema/index.ts';
import { SetteeError } from '../../errors.ts';
import { defineRoute, type Route } from '../route.ts';

const events = [
  '`hello` first, with `{bootId, heartbeatSeconds, spaces: [{id, role, database}]}`: look at everything. Instead of it `resumed` with `{bootId, heartbeatSeconds}` where the id is known; what was missed follows.',
  '`hint` with `{space, database}`: documents were written there, pull once.',
  '`granted` and `role` with `{space, role}`: a membership began, or has another role now.',
  '`revoked` with `{space, code}`: a membership ended (`membership_ended`) or the space was deleted (`space_deleted`).',
  '`quota` with `{space, documents, bytes, quota, warning}`: a space comes near its limit, reaches it, or has room again.',
  '`expiring` with `{at}`: the token ends then; open another stream with a new one.',
  '`end` with `{code}`: the stream is over, as `token_expired` or `session_ended`.',
  '`shutdown` with `{retryMilliseconds}`: the server stops; come back after that time.',
];

const description = `Server-sent events, until the token ends; a comment line every 15 seconds shows that the stream is alive.\n\n${events.map((event) => `- ${event}`).join('\n')}`;

/** What `GET /live` says of itself. The stream is opened before Express, and nothing calls this. */
export const liveDescription: Route = defineRoute({
  method: 'get',
  path: '/live',
  tag: 'Live',
  summary: 'Be told at once what changes, in one stream for all spaces',
  access: 'read',
  query: z.object({
    lastEventId: z
      .string()
      .max(64)
      .optional()
      .describe('The id of the last event that was seen; the header `Last-Event-ID` says the same.'),
  }),
  replies: {
    200: { description, contentType: 'text/event-stream' },
    405: { description: 'Another method than GET.', schema: errorBodySchema },
    429: { description: 'Too many streams are open, or were opened lately.', schema: errorBodySchema },
    503: { description: 'The server is stopping; try again.', schema: errorBodySchema },
  },
  handle: () => Promise.reject(new SetteeError('not_implemented', 'The stream is opened elsewhere.')),
});
