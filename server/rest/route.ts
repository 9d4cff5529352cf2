import type { Request } from 'express';
import type { ZodType } from 'zod';
import type { Principal, Scope } from '../auth/principal.ts';
import type { Log } from '../log.ts';

/** What a handler is given; params, query and body are parsed by the route's schemas (undefined where there is none). */
export interface RouteInput<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  /** On public routes there is none: reading it there throws. */
  principal: Principal;
  request: Request;
  log: Log;
  /** Aborted when the caller goes away before the answer. */
  signal: AbortSignal;
}

/** A handler's answer: `body` is sent as JSON, or as it is where `headers` name another content type and it is a string. */
export interface Reply {
  status: number;
  body?: unknown;
  /** Instead of a body: text that is sent piece by piece. What fails on the way breaks the answer off. */
  stream?: AsyncIterable<string>;
  headers?: Record<string, string>;
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

interface RouteDescription {
  method: Method;
  /** Express path, for example `/api/flows/:id`. */
  path: string;
  tag: string;
  summary: string;
  /** The least scope; sessions have all scopes of their user. */
  access: 'public' | Scope;
  /**
   * Routes that try credentials are limited tightly, by address and e-mail. `sign-in` counts failures; `password` does so
   * where the body brings `currentPassword`; `sign-up` counts every attempt; `token` counts failures by the `token` in the
   * path instead of an e-mail.
   */
  limit?: 'sign-in' | 'password' | 'sign-up' | 'token';
  /** `contentType` where the answer is no JSON. */
  replies: Record<number, { description: string; schema?: ZodType; contentType?: string }>;
}

/** A route as its author writes it; the schemas decide the types of the handler's input. */
export interface RouteDefinition<P, Q, B> extends RouteDescription {
  params?: ZodType<P>;
  query?: ZodType<Q>;
  body?: ZodType<B>;
  handle(input: RouteInput<P, Q, B>): Promise<Reply>;
}

/** A route as the router and the OpenAPI generator read it. */
export interface Route extends RouteDescription {
  params?: ZodType;
  query?: ZodType;
  body?: ZodType;
  handle(input: RouteInput<unknown, unknown, unknown>): Promise<Reply>;
}

/** Describes one route. Its schemas parse the input before `handle` runs, which is what makes the narrowing here sound. */
export function defineRoute<P = undefined, Q = undefined, B = undefined>(
  route: RouteDefinition<P, Q, B>,
): Route {
  return {
    ...route,
    handle: (input) => route.handle(input as RouteInput<P, Q, B>),
  };
}
