import type { RequestHandler } from 'express';
import { contextOf } from './request-context.ts';

const longestPath = 300;

/** Whoever reads the log must not be able to accept the invitation. */
function withoutToken(path: string): string {
  return path.replace(/(\/invitations\/)[^/]+/gi, '$1[secret]');
}

/** One line a request when it is over: no query, no headers, no bodies. */
export function createAccessLog(): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const path = withoutToken(request.path).slice(0, longestPath);
    response.once('close', () => {
      const { log, userId } = contextOf(request);
      log.info(
        {
          method: request.method,
          path,
          status: response.statusCode,
          milliseconds: Math.round(performance.now() - startedAt),
          ...(userId === undefined ? {} : { userId }),
          ...(response.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}
