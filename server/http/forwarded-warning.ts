import type { RequestHandler } from 'express';
import type { Log } from '../log.ts';

/** Says once that somebody passes addresses on and is not believed: all who come through a proxy count as one address. */
export function createForwardedWarning(options: { log: Log; trustProxy: unknown }): RequestHandler {
  const { log, trustProxy } = options;
  let isSaid = trustProxy !== false;
  return (request, _response, next) => {
    if (!isSaid && request.headers['x-forwarded-for'] !== undefined) {
      isSaid = true;
      log.warn(
        'a request came with X-Forwarded-For, which is not believed: where Settee is behind a proxy, set TRUST_PROXY, ' +
          'or everybody behind it shares the limits of one address',
      );
    }
    next();
  };
}
