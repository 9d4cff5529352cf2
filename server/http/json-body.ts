import express, { type Request, type RequestHandler } from 'express';
import { SetteeError } from '../errors.ts';
import type { Identify } from './identify.ts';

export const jsonBodyBytes = 8 * 1024 * 1024;
/** Calls about the account, of which some are open to everybody, are small. */
export const accountBodyBytes = 64 * 1024;
/** Deeper than any flow, and shallow enough for every recursive reader after this. */
export const jsonDepth = 100;

function assertSane(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > jsonDepth)
      throw new SetteeError('bad_request', `The JSON is nested deeper than ${jsonDepth} levels.`);
    const below: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Object.hasOwn(value, '__proto__')) {
        throw new SetteeError('bad_request', 'A field must not be called __proto__.');
      }
      for (const child of Object.values(value)) below.push(child);
    }
    level = below;
  }
}

/** True where a body follows, whatever its type. */
export function hasBody(request: Request): boolean {
  const length = request.get('content-length');
  return request.get('transfer-encoding') !== undefined || (length !== undefined && length !== '0');
}

/**
 * Parses JSON bodies within bounds of size and depth, below the path where the calls are. Everywhere but at `/auth`
 * somebody has to be signed in before a body is read.
 */
export function createJsonBody({ identify }: { identify: Identify }): RequestHandler[] {
  const account = express.json({ limit: accountBodyBytes });
  const large = express.json({ limit: jsonBodyBytes });
  const parse: RequestHandler = async (request, response, next) => {
    const isAccount = request.path.startsWith('/auth/');
    if (!isAccount && hasBody(request)) await identify(request);
    (isAccount ? account : large)(request, response, next);
  };
  const check: RequestHandler = (request, _response, next) => {
    assertSane(request.body);
    next();
  };
  return [parse, check];
}
