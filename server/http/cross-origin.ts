import cors from 'cors';
import type { RequestHandler } from 'express';

/**
 * CORS for exact origins. Credentials are allowed for them because PouchDB sets `credentials: 'include'` on every
 * request and browsers would refuse the answers otherwise; this server reads no cookie and no Basic credentials,
 * so there is nothing that a browser could add by itself.
 */
export function createCrossOrigin(options: { origins: string[] }): RequestHandler {
  return cors({
    origin: options.origins,
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: [
      'Accept',
      'Authorization',
      'Content-Type',
      'If-Match',
      'If-None-Match',
      'Last-Event-ID',
      'X-Request-Id',
      'X-Settee-Device',
      'X-Settee-Grant',
    ],
    exposedHeaders: ['Date', 'ETag', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
    optionsSuccessStatus: 204,
  });
}
