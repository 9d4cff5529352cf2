import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { isSpaceGone } from '../couch/engine-error.ts';
import { errorBody, SetteeError } from '../errors.ts';
import { contextOf } from './request-context.ts';

const bodyErrors: Record<string, () => SetteeError> = {
  'entity.too.large': () => new SetteeError('payload_too_large', 'The body is too large.'),
  'entity.parse.failed': () => new SetteeError('bad_request', 'The body is not valid JSON.'),
  'encoding.unsupported': () =>
    new SetteeError('unsupported_media_type', 'This content encoding is not supported.'),
  'charset.unsupported': () => new SetteeError('unsupported_media_type', 'This charset is not supported.'),
  'request.aborted': () => new SetteeError('bad_request', 'The request broke off.'),
  'request.size.invalid': () => new SetteeError('bad_request', 'The body is not as long as announced.'),
};

const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** How nano begins the message of an error that has neither code nor cause. */
const nanoConnectionError = 'error happened in your connection';

function isOutage(error: unknown, depth = 0): boolean {
  if (depth > 4 || error === undefined || error === null) return false;
  if (connectionCodes.has(String(property(error, 'code')))) return true;
  if (String(property(error, 'message')).startsWith(nanoConnectionError)) return true;
  return (
    [502, 503, 504].includes(Number(property(error, 'statusCode'))) ||
    isOutage(property(error, 'cause'), depth + 1)
  );
}

/** Whatever was thrown, as an answer; null for the unexpected, whose text must not be shown. */
export function toSetteeError(thrown: unknown): SetteeError | null {
  if (thrown instanceof SetteeError) return thrown;
  const bodyError = bodyErrors[String(property(thrown, 'type'))];
  if (bodyError) return bodyError();
  if (thrown instanceof URIError) return new SetteeError('bad_request', 'The path is not encoded correctly.');
  if (isSpaceGone(thrown)) return new SetteeError('not_found', 'There is no such space.', { cause: thrown });
  if (isOutage(thrown)) {
    const headers = { 'Retry-After': '2' };
    return new SetteeError('engine_unavailable', 'The database cannot be reached; try again.', {
      headers,
      cause: thrown,
    });
  }
  const status = property(thrown, 'status');
  if (typeof status === 'number' && status >= 400 && status < 500 && property(thrown, 'expose') === true) {
    return new SetteeError('bad_request', 'The request cannot be understood.', { status });
  }
  return null;
}

const couchNames: Partial<Record<SetteeError['code'], string>> = {
  rate_limited: 'too_many_requests',
  engine_unavailable: 'service_unavailable',
  internal_error: 'internal_server_error',
  token_expired: 'unauthorized',
  session_ended: 'unauthorized',
};

function sendError(response: Response, error: SetteeError, isReplication: boolean): void {
  response.status(error.status).set({ 'Cache-Control': 'no-store', ...error.headers });
  if (isReplication) response.json({ error: couchNames[error.code] ?? error.code, reason: error.message });
  else response.json(errorBody(error));
}

/** The one place that turns failures into answers; replication paths get CouchDB's `{error, reason}`. */
export function createErrorHandler(): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const { log } = contextOf(request);
    const known = toSetteeError(thrown);
    if (!known) log.error({ err: thrown }, 'unexpected error');
    else if (known.status >= 500) log.warn({ err: known }, 'request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const error =
      known ??
      new SetteeError('internal_error', 'Something went wrong here; the request id finds it in the logs.');
    sendError(response, error, /^\/db(?:\/|$)/.test(request.path));
  };
}

export function createNotFound(): RequestHandler {
  return (request) => {
    throw new SetteeError(
      'not_found',
      `There is nothing at ${request.method} ${request.path.slice(0, 200)}.`,
    );
  };
}
