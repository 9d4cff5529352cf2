import { z } from 'zod';

/** The stable codes of Settee's errors. Add to the list; never change what a code means. */
export const errorCodes = [
  'bad_request',
  'invalid_body',
  'invalid_query',
  'unauthorized',
  'invalid_credentials',
  'token_expired',
  'session_ended',
  'token_reused',
  'forbidden',
  'insufficient_scope',
  'not_found',
  'conflict',
  'email_taken',
  'last_owner',
  'invitation_invalid',
  'invitation_expired',
  'precondition_failed',
  'gone',
  'membership_ended',
  'space_deleted',
  'read_only',
  'quota_exceeded',
  'payload_too_large',
  'unsupported_media_type',
  'rate_limited',
  'invalid_document',
  'engine_unavailable',
  'not_implemented',
  'internal_error',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The body of every error answer outside the replication paths. */
export const errorBodySchema = z.object({
  error: z.string().describe('The HTTP reason phrase, for people who read raw answers.'),
  message: z.string(),
  code: z.enum(errorCodes),
  details: z.unknown().optional(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
