import type { ErrorCode, MembershipEnd } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';

/** A failure on the replication paths, answered as CouchDB would: `{error, reason}`, and our `code` where there is one. */
export class ReplicationError extends Error {
  readonly status: number;
  readonly error: string;
  readonly headers: Record<string, string>;
  readonly code?: ErrorCode;

  constructor(
    status: number,
    error: string,
    reason: string,
    options: { headers?: Record<string, string>; cause?: unknown; code?: ErrorCode | undefined } = {},
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ReplicationError';
    this.status = status;
    this.error = error;
    this.headers = options.headers ?? {};
    if (options.code !== undefined) this.code = options.code;
  }
}

const errorNames: Record<number, string> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'gone',
  412: 'precondition_failed',
  413: 'too_large',
  415: 'bad_content_type',
  429: 'too_many_requests',
  503: 'service_unavailable',
};

export function notFound(): ReplicationError {
  return new ReplicationError(404, 'not_found', 'missing');
}

export function badRequest(reason: string): ReplicationError {
  return new ReplicationError(400, 'bad_request', reason);
}

export function forbidden(reason: string, code?: ErrorCode): ReplicationError {
  return new ReplicationError(403, 'forbidden', reason, { code });
}

const endedReasons: Record<MembershipEnd, string> = {
  membership_ended: 'You are no member of this space any more.',
  space_deleted: 'This space was deleted.',
};

export function membershipEnded(end: MembershipEnd): ReplicationError {
  return forbidden(endedReasons[end], end);
}

/** What viewers are told who write. */
export const readOnlyReason = 'Your role in this space is viewer: you may read it, and not write.';

/** For requests that were under way: whoever asks again is answered by his new role. */
export function membershipChanged(): ReplicationError {
  return new ReplicationError(
    503,
    'service_unavailable',
    'Your role in this space has just changed. Try again.',
    { headers: { 'retry-after': '1' } },
  );
}

export function requestTooLarge(reason: string): ReplicationError {
  return new ReplicationError(413, 'too_large', reason);
}

export function engineUnavailable(cause?: unknown): ReplicationError {
  return new ReplicationError(
    503,
    'service_unavailable',
    'The database cannot be reached just now. Try again.',
    {
      headers: { 'retry-after': '2' },
      cause,
    },
  );
}

/** Whatever was thrown, as an answer for the caller; null for the unexpected, whose text must not be shown. */
export function toReplicationError(thrown: unknown): ReplicationError | null {
  if (thrown instanceof ReplicationError) return thrown;
  if (!(thrown instanceof SetteeError)) return null;
  return new ReplicationError(thrown.status, errorNames[thrown.status] ?? 'error', thrown.message, {
    headers: thrown.headers ?? {},
    cause: thrown,
  });
}
