import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Log } from '../log.ts';

/** What middleware learned about a request. */
export interface RequestContext {
  id: string;
  readonly log: Log;
  /** For the access log; set when the caller is known. */
  userId?: string;
}

const contexts = new WeakMap<Request, RequestContext>();

/** The context that `createRequestContext` gave the request. */
export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request);
  if (!context) throw new Error('The request has no context: the middleware is missing.');
  return context;
}

const saneId = /^[\w.:-]{1,64}$/;

/** Names each request: by the caller's X-Request-Id where it is sane, else by a new one; answers with it. */
export function createRequestContext({ log }: { log: Log }): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const id = given !== undefined && saneId.test(given) ? given : randomUUID();
    let child: Log | undefined;
    contexts.set(request, {
      id,
      // Most requests log once or never, and thousands may be waiting.
      get log() {
        return (child ??= log.child({ requestId: id }));
      },
    });
    response.setHeader('X-Request-Id', id);
    next();
  };
}
