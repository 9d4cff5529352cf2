import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest } from './couch-error.ts';
import { isObject } from './document-checks.ts';
import type { Limits } from './limits.ts';
import { parseJson, readBody, type Target } from './request-guard.ts';
import type { UserContext } from './user-context.ts';

/** One request on its way through the routes: read, signed in, not yet answered. */
export interface Call extends Target {
  request: IncomingMessage;
  response: ServerResponse;
  method: string;
  user: UserContext;
  limits: Limits;
}

/** The JSON body of a request and how many bytes it took. */
export async function jsonBody(call: Call): Promise<{ value: unknown; bytes: number }> {
  const body = await readBody(call.request, call.limits.requestBytes);
  return { value: parseJson(body, call.limits), bytes: body.length };
}

/** Like jsonBody, where only an object will do; an empty body counts as `{}`. */
export async function objectBody(call: Call): Promise<Record<string, unknown>> {
  const { value = {} } = await jsonBody(call);
  if (!isObject(value)) throw badRequest('Request body must be a JSON object');
  return value;
}

/** Answers with JSON; HEAD gets the headers alone. */
export function sendJson(
  call: Call,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  send(call, status, `${JSON.stringify(value)}\n`, { 'content-type': 'application/json', ...headers });
}

/** Answers with text or bytes. */
export function send(
  call: Call,
  status: number,
  body: string | Uint8Array,
  headers: Record<string, string>,
): void {
  const { response, method } = call;
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'cache-control': 'must-revalidate',
    ...headers,
    'content-length': Buffer.byteLength(body),
  });
  response.end(method === 'HEAD' ? undefined : body);
}

/** Answers with JSON that comes in parts, which are not put together. */
export function sendJsonParts({ response, method }: Call, parts: (string | Buffer)[]): void {
  if (response.headersSent || response.destroyed) return;
  const length = parts.reduce((sum, part) => sum + Buffer.byteLength(part as string), 0);
  response.writeHead(200, {
    'cache-control': 'must-revalidate',
    'content-type': 'application/json',
    'content-length': length,
  });
  response.cork();
  if (method !== 'HEAD') for (const part of parts) response.write(part);
  response.end();
}

/** Adds to an answer whose headers are sent; resolves when the client can take more. */
export async function sendPart({ response }: Call, text: string): Promise<void> {
  if (text === '' || response.destroyed || response.write(text)) return;
  await new Promise<void>((resolve) => {
    const resume = (): void => {
      response.off('drain', resume).off('close', resume);
      resolve();
    };
    response.on('drain', resume).on('close', resume);
  });
}

/** True, having answered 304, where the client has this version already. */
export function answeredNotModified(call: Call, etag: string): boolean {
  if (call.request.headers['if-none-match'] !== etag) return false;
  call.response.writeHead(304, { etag, 'cache-control': 'must-revalidate' }).end();
  return true;
}
