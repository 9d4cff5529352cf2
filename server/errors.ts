import type { ErrorBody, ErrorCode } from '../schema/index.ts';

/** The HTTP status that each error code answers with. */
const statusByCode: Record<ErrorCode, number> = {
  bad_request: 400,
  invalid_body: 400,
  invalid_query: 400,
  invalid_document: 400,
  unauthorized: 401,
  invalid_credentials: 401,
  token_expired: 401,
  session_ended: 401,
  token_reused: 401,
  forbidden: 403,
  insufficient_scope: 403,
  membership_ended: 403,
  read_only: 403,
  not_found: 404,
  invitation_invalid: 404,
  conflict: 409,
  email_taken: 409,
  last_owner: 409,
  gone: 410,
  invitation_expired: 410,
  space_deleted: 410,
  precondition_failed: 412,
  payload_too_large: 413,
  quota_exceeded: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal_error: 500,
  not_implemented: 501,
  engine_unavailable: 503,
};

const reasonByStatus: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

export interface SetteeErrorOptions {
  details?: unknown;
  cause?: unknown;
  headers?: Record<string, string>;
  status?: number;
}

/** An expected failure that callers may see: a stable code, a message for people, and the HTTP status that follows from the code. */
export class SetteeError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly details?: unknown;
  readonly headers?: Record<string, string>;

  constructor(code: ErrorCode, message: string, options: SetteeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SetteeError';
    this.code = code;
    this.status = options.status ?? statusByCode[code];
    if (options.details !== undefined) this.details = options.details;
    if (options.headers !== undefined) this.headers = options.headers;
  }
}

/** Why the server cannot start, in words that say what to do; main prints the message without a stack. */
export class SetupError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SetupError';
  }
}

/** The JSON body of an error answer outside the replication paths. */
export function errorBody(error: SetteeError): ErrorBody {
  return {
    error: reasonByStatus[error.status] ?? 'Error',
    message: error.message,
    code: error.code,
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}

/** The HTTP status of a code. */
export function statusOf(code: ErrorCode): number {
  return statusByCode[code];
}
