import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { sendJson, type Call } from './call.ts';
import { asCouchError, CouchError } from './couch-error.ts';
import type { Credentials } from './credentials.ts';
import type { DatabaseRoutes } from './database-routes.ts';
import type { Fauxton } from './fauxton.ts';
import type { Limits } from './limits.ts';
import { readTarget } from './request-guard.ts';
import type { ServerRoutes } from './server-routes.ts';
import { anonymous } from './user-context.ts';

export type Router = (request: IncomingMessage, response: ServerResponse) => void;

/** The order in which every request goes: read, Fauxton's files, sign-in, the server's paths, the databases'. */
export function createRouter(options: {
  limits: Limits;
  credentials: Credentials;
  fauxton: Fauxton;
  server: ServerRoutes;
  databases: DatabaseRoutes;
  log: Log;
}): Router {
  const { credentials, fauxton, limits, log } = options;

  async function route(call: Call): Promise<void> {
    Object.assign(call, readTarget(call.request));
    if (await fauxton.serve(call)) return;
    const signedIn = await credentials.of(call.request);
    call.user = signedIn.user;
    const first = call.parts[0] ?? '';
    if (first === '' || first.startsWith('_')) await options.server.serve(call, signedIn);
    else await options.databases.serve(call);
  }

  function answerError(call: Call, error: unknown): void {
    const known = asCouchError(error);
    const id = randomBytes(8).toString('hex');
    if (!known && !call.request.destroyed)
      log.error({ err: error, requestId: id, path: call.parts[0] }, 'embedded engine: request failed');
    const shown =
      known ?? new CouchError(500, 'internal_server_error', `The request failed; the log has it as ${id}.`);
    // Fauxton and PouchDB sign in by themselves: a challenge would only open the browser's own dialog.
    if (!call.request.complete) call.response.setHeader('connection', 'close');
    if (call.response.headersSent) call.response.end();
    else sendJson(call, shown.status, { error: shown.error, reason: shown.reason });
  }

  return (request, response) => {
    response.setHeader('server', 'Settee-embedded');
    const method = request.method ?? 'GET';
    const call: Call = { request, response, method, parts: [], query: new Map(), user: anonymous, limits };
    response.on('error', () => undefined);
    route(call).catch((error: unknown) => answerError(call, error));
  };
}
