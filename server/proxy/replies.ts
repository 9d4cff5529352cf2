import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ReplicationError } from './replication-error.ts';

/** What the rest of a refused body may take before its connection is cut. */
const drainBytes = 64 * 1024 * 1024;
const drainMilliseconds = 10_000;

/** Answers with JSON; replication answers are never kept by shared caches. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  sendText(response, status, `${JSON.stringify(body)}\n`, headers);
}

/** The same with JSON that is text already. */
export function sendText(
  response: ServerResponse,
  status: number,
  json: string,
  headers: Record<string, string> = {},
): void {
  const text = Buffer.from(json);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': text.length,
    'cache-control': 'private, no-cache',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}

/** Answers with CouchDB's `{error, reason}`, or breaks the connection where an answer has begun. */
export function sendError(response: ServerResponse, error: ReplicationError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  drain(response.req);
  const { error: name, message, code } = error;
  sendJson(
    response,
    error.status,
    { error: name, reason: message, ...(code === undefined ? {} : { code }) },
    error.headers,
  );
}

/** Reads away a body that nobody wants, so that its sender gets to the answer; within bounds. */
function drain(request: IncomingMessage): void {
  if (request.complete) return;
  request.unpipe();
  let left = drainBytes;
  const timer = setTimeout(() => request.destroy(), drainMilliseconds).unref();
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.on('end', () => clearTimeout(timer));
  request.on('close', () => clearTimeout(timer));
  request.on('error', () => clearTimeout(timer));
  request.resume();
}
