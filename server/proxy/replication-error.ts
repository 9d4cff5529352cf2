import { SetteeError } from '../errors.ts';

/** A failure on the replication paths, answered as CouchDB would: `{error, reason}`. */
export class ReplicationError extends Error {
  readonly status: number;
  readonly error: string;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    error: string,
    reason: string,
    options: { headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(reason, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ReplicationError';
    this.status = status;
    this.error = error;
    this.headers = options.headers ?? {};
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

export function forbidden(reason: string): ReplicationError {
  return new ReplicationError(403, 'forbidden', reason);
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
