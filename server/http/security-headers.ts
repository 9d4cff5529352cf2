import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Browsers may run only what this server serves: the page, its API description and PouchDB need no more than
 * their own origin, inline styles and data images. Answers are told to be HTTPS for ever only where they are.
 */
export function createSecurityHeaders(options: { publicUrl?: string | undefined }): RequestHandler {
  const isHttps = options.publicUrl?.startsWith('https://') === true;
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        connectSrc: ["'self'"],
        fontSrc: ["'self'", 'data:'],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        objectSrc: ["'none'"],
        scriptSrc: ["'self'"],
        scriptSrcAttr: ["'none'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        workerSrc: ["'self'", 'blob:'],
      },
    },
    // A database that is opened from another, allowed, origin is no embedding.
    crossOriginResourcePolicy: { policy: 'same-origin' },
    crossOriginOpenerPolicy: isHttps,
    originAgentCluster: isHttps,
    strictTransportSecurity: isHttps,
    referrerPolicy: { policy: 'no-referrer' },
  });
}
