import { Readable } from 'node:stream';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { ZodType } from 'zod';
import type { ErrorCode } from '../../schema/index.ts';
import { hasScope, type Principal } from '../auth/principal.ts';
import { isSpaceGone } from '../couch/engine-error.ts';
import { SetteeError } from '../errors.ts';
import type { Identify } from '../http/identify.ts';
import { hasBody } from '../http/json-body.ts';
import { pour } from '../http/pour.ts';
import type { SignInAttempt } from '../http/rate-limits.ts';
import { contextOf } from '../http/request-context.ts';
import type { Reply, Route, RouteInput } from './route.ts';

export interface RouterOptions {
  routes: Route[];
  identify: Identify;
  /** Limits attempts at an e-mail address, or at a token. */
  limitSignIn: (request: Request, tried: string) => Promise<SignInAttempt>;
}

function parse(schema: ZodType | undefined, value: unknown, code: ErrorCode, what: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const details = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const first = details[0];
  const where = first?.path ? `${first.path}: ` : '';
  throw new SetteeError(code, `The ${what} is not valid. ${where}${first?.message ?? ''}`.trim(), {
    details,
  });
}

function assertJson(request: Request): void {
  if (hasBody(request) && request.is('json') === false) {
    throw new SetteeError('unsupported_media_type', 'Send the body as application/json.');
  }
}

async function authorise(route: Route, request: Request, identify: Identify): Promise<Principal | null> {
  if (route.access === 'public') return null;
  const principal = await identify(request);
  if (hasScope(principal, route.access)) return principal;
  throw new SetteeError('insufficient_scope', `This needs the scope ${route.access}.`);
}

function abortSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The caller went away.'));
  });
  return gone.signal;
}

function fieldOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

/** True where this request tries credentials. */
function isTry({ limit }: Route, body: unknown): boolean {
  if (limit === 'password') return fieldOf(body, 'currentPassword') !== undefined;
  return limit !== undefined;
}

/** What an attempt tries: somebody's e-mail address, or a token. */
function triedBy(
  { limit }: Route,
  { params, body }: Pick<RouteInput<unknown, unknown, unknown>, 'params' | 'body'>,
  principal: Principal | null,
): string {
  if (limit === 'token') return `token ${String(fieldOf(params, 'token'))}`;
  if (principal) return principal.email;
  const email = fieldOf(body, 'email');
  return typeof email === 'string' ? email : '';
}

/** Text and bytes of another type than JSON, such as a page. */
function isReady(body: unknown): boolean {
  return typeof body === 'string' || body instanceof Uint8Array;
}

async function sendStream(
  response: Response,
  stream: AsyncIterable<string>,
  { log, signal }: Pick<RouteInput<unknown, unknown, unknown>, 'log' | 'signal'>,
): Promise<void> {
  try {
    await pour(Readable.from(stream), response);
  } catch (error) {
    // Whoever went away needs no answer; for everybody else it breaks off, which shows that it is not whole.
    if (!signal.aborted) log.warn({ err: error }, 'an answer broke off');
    response.destroy();
  }
}

async function send(
  response: Response,
  reply: Reply,
  input: Pick<RouteInput<unknown, unknown, unknown>, 'log' | 'signal'>,
): Promise<void> {
  response.status(reply.status).set({ 'Cache-Control': 'no-store', ...reply.headers });
  if (reply.stream) return sendStream(response, reply.stream, input);
  if (reply.body === undefined) response.end();
  else if (isReady(reply.body) && response.get('content-type') !== undefined) response.send(reply.body);
  else response.json(reply.body);
}

/** True for what a space brings about that ends during a call: where nothing is named, nothing else can be missing. */
function isAboutEnd(error: unknown, { params }: Pick<Route, 'params'>): boolean {
  const isMissing = error instanceof SetteeError && error.code === 'not_found';
  return isSpaceGone(error) || (isMissing && params === undefined);
}

/** What reads several spaces while one of them ends reads once more, without it. */
async function answer(route: Route, input: Parameters<Route['handle']>[0]): Promise<Reply> {
  try {
    return await route.handle(input);
  } catch (error) {
    if (route.method !== 'get' || !isAboutEnd(error, route)) throw error;
    return route.handle(input);
  }
}

function createHandler(route: Route, { identify, limitSignIn }: RouterOptions): RequestHandler {
  return async (request, response) => {
    const principal = await authorise(route, request, identify);
    if (route.body) assertJson(request);
    const input = {
      params: parse(route.params, request.params, 'bad_request', 'path'),
      query: parse(route.query, request.query, 'invalid_query', 'query'),
      body: parse(route.body, request.body, 'invalid_body', 'body'),
      request,
      log: contextOf(request).log,
      signal: abortSignal(response),
      get principal(): Principal {
        if (principal) return principal;
        throw new Error(`${route.method} ${route.path} is public: it has no principal.`);
      },
    };
    const attempt = isTry(route, input.body)
      ? await limitSignIn(request, triedBy(route, input, principal))
      : null;
    const reply = await answer(route, input);
    if (route.limit !== 'sign-up') await attempt?.succeeded();
    await send(response, reply, input);
  };
}

/** Makes Express routes of the table: authorised, parsed, limited, and only then handled. */
export function createRouter(options: RouterOptions): Router {
  const router = Router({ caseSensitive: true });
  for (const route of options.routes) {
    router[route.method](route.path, createHandler(route, options));
  }
  return router;
}
