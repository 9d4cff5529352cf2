import type { Request, RequestHandler, Response } from 'express';

/** The requests in flight, so that the server can stop without losing a write. */
export interface RequestTracker {
  middleware: RequestHandler;
  /** Ends the requests that would never end by themselves. */
  cutFeeds(): void;
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>;
}

function isFeed(request: Request): boolean {
  if (request.get('accept')?.includes('text/event-stream') === true) return true;
  const { feed } = request.query;
  return /\/_changes\/?$/.test(request.path) && feed !== undefined && feed !== 'normal';
}

export function createRequestTracker(): RequestTracker {
  const open = new Map<Response, { feed: boolean }>();
  const waiting = new Set<() => void>();
  let cutting = false;
  return {
    middleware(request, response, next) {
      const feed = isFeed(request);
      open.set(response, { feed });
      // A connection that stays open would keep the server from stopping.
      if (cutting) response.setHeader('Connection', 'close');
      response.once('close', () => {
        open.delete(response);
        if (open.size > 0) return;
        for (const resolve of waiting) resolve();
        waiting.clear();
      });
      if (cutting && feed) response.destroy();
      else next();
    },
    cutFeeds() {
      cutting = true;
      for (const [response, { feed }] of open) if (feed) response.destroy();
    },
    async idle() {
      if (open.size > 0) await new Promise<void>((resolve) => waiting.add(resolve));
    },
  };
}
