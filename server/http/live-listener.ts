import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Express, Request, RequestHandler, Response } from 'express';
import { SetteeError } from '../errors.ts';

/** Opens a live stream with these headers besides its own; rejects before anything was answered. */
export type OpenLive = (
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string>,
) => Promise<void>;

/** Why a stream was not opened, until Express has answered so. */
const refusals = new WeakMap<IncomingMessage, unknown>();

/** Mean nothing for a stream of events; Node keeps the head of an answer, a kilobyte of them, as long as it lasts. */
const headersOfPages = [
  'content-security-policy',
  'cross-origin-opener-policy',
  'origin-agent-cluster',
  'x-dns-prefetch-control',
  'x-download-options',
  'x-frame-options',
  'x-permitted-cross-domain-policies',
  'x-xss-protection',
];

/** The headers that middleware would set, without leaving anything at the response. */
function collectHeaders(
  request: IncomingMessage,
  middleware: readonly RequestHandler[],
): Record<string, string> {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string | number | string[]) => {
      headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value);
    },
    getHeader: (name: string) => headers[name.toLowerCase()],
    removeHeader: (name: string) => delete headers[name.toLowerCase()],
  };
  for (const handler of middleware) {
    void handler(request as Request, recorder as unknown as Response, () => undefined);
  }
  for (const name of headersOfPages) delete headers[name];
  return headers;
}

function isLive({ url = '', method }: IncomingMessage): boolean {
  return method !== 'OPTIONS' && (url === '/live' || url.startsWith('/live?'));
}

/**
 * Answers `/live` beside Express, whose requests and middleware keep some kilobytes each for as long as an answer
 * lasts: thousands of streams are open at once. A stream that is refused goes through Express as everything else does.
 */
export function createLiveListener(options: {
  app: Express;
  open: OpenLive;
  /** Sets headers, and calls on at once. */
  middleware: readonly RequestHandler[];
}): RequestListener {
  const { app, open, middleware } = options;

  function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (response.headersSent) response.destroy();
    if (response.destroyed) return;
    refusals.set(request, error);
    app(request, response);
  }

  return (request, response) => {
    if (isLive(request)) {
      open(request, response, collectHeaders(request, middleware)).catch((error: unknown) =>
        refuse(request, response, error),
      );
    } else app(request, response);
  };
}

/** Answers with the reason why a stream was not opened. */
export const refuseLive: RequestHandler = (request) => {
  throw refusals.get(request) ?? new SetteeError('not_found', 'There is nothing here.');
};
