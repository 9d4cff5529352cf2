import { join } from 'node:path';
import express, { type RequestHandler } from 'express';

const yearSeconds = 365 * 24 * 3600;

/** Serves the built web application; its names with a hash never change, everything else is asked for again. */
export function createPages({ directory }: { directory: string }): RequestHandler[] {
  const files = express.static(directory, {
    index: 'index.html',
    setHeaders(response, path) {
      const isHashed = /[/\\]assets[/\\]/.test(path);
      response.setHeader(
        'Cache-Control',
        isHashed ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
      );
    },
  });
  return [
    files,
    (request, response, next) => {
      // Only what a person would open in the address bar is answered with the page.
      const isPage = request.method === 'GET' && request.accepts(['json', 'html']) === 'html';
      if (!isPage || /^\/(?:api|db|health|\.well-known)(?:\/|$)/.test(request.path)) return next();
      response.sendFile(
        join(directory, 'index.html'),
        { headers: { 'Cache-Control': 'no-cache' } },
        (error) => {
          if (error) next();
        },
      );
    },
  ];
}
