import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Principal } from '../auth/principal.ts';
import type { Couch } from '../couch/couch.ts';
import type { Log } from '../log.ts';
import type { Doorbell } from '../spaces/doorbell.ts';
import type { Quota } from '../spaces/quota.ts';
import type { Spaces } from '../spaces/spaces.ts';
import { authorise } from './authorise.ts';
import { assertBody } from './engine-body.ts';
import { endedError } from './exchange.ts';
import { defaultLimits, type ProxyLimits } from './limits.ts';
import { createMonthGate } from './month-gate.ts';
import { createOpenRequests, type OpenRequest } from './open-requests.ts';
import { createPassOn } from './pass-on.ts';
import { ReplicationError, toReplicationError } from './replication-error.ts';
import { sendError, sendJson } from './replies.ts';
import { parseRequestTarget, type RequestTarget } from './request-target.ts';
import { createUpstream } from './upstream.ts';

/** What the proxy needs of the accounts. */
export interface ProxyAuth {
  authenticate(authorization: string | undefined): Promise<Principal>;
  onSessionEnd(listener: (sessionOrKeyId: string) => void): () => void;
  recordDevice(principal: Principal, deviceId: string, now: Date): Promise<void>;
}

export interface ProxyOptions {
  couch: Pick<Couch, 'origin' | 'prefix' | 'server' | 'engineToken'>;
  spaces: Pick<Spaces, 'access' | 'endedFor' | 'monthState' | 'provisionMonth' | 'onRevoked' | 'moves'>;
  auth: ProxyAuth;
  doorbell: Pick<Doorbell, 'ring'>;
  quota: Pick<Quota, 'room'>;
  log: Log;
  limits?: Partial<ProxyLimits>;
}

/** An Express handler for everything below `/db`, to be mounted before any body is parsed. */
export type Proxy = RequestHandler & {
  /** Ends feeds at once, waits for other requests, then drops the connections to the engine. */
  close(options?: { waitMilliseconds?: number }): Promise<void>;
};

const shutdownMilliseconds = 10_000;
/** Made once: every request is over at some time, and an error of its own with a stack would cost each of them. */
const over = new Error('The request is over.');

/** Makes the proxy: who asks, which space, which route, then on to the engine with a token of its own. */
export function createProxy({ couch, spaces, auth, doorbell, quota, log, ...options }: ProxyOptions): Proxy {
  const limits = { ...defaultLimits, ...options.limits };
  const upstream = createUpstream(couch.origin);
  const requests = createOpenRequests({ perUser: limits.requestsPerUser });
  const months = createMonthGate(spaces);
  const { authors } = spaces.moves;
  const passOn = createPassOn({ couch, upstream, requests, months, limits, doorbell, quota, authors });
  const stopListening = [
    auth.onSessionEnd((id) => requests.endSession(id)),
    spaces.onRevoked(({ spaceId, userId, end }) => requests.endMembership(spaceId, userId, end)),
  ];

  function welcome(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new ReplicationError(405, 'method_not_allowed', 'Only GET,HEAD allowed', {
        headers: { allow: 'GET,HEAD' },
      });
    }
    // Without a uuid: PouchDB names its checkpoints by it, and by the address where there is none.
    sendJson(response, 200, {
      couchdb: 'Welcome',
      version: couch.server.version,
      vendor: { name: 'Settee' },
    });
  }

  function noteDevice(principal: Principal, request: IncomingMessage): void {
    const device = request.headers['x-settee-device'];
    if (typeof device !== 'string') return;
    auth.recordDevice(principal, device, new Date()).catch((error: unknown) => {
      log.warn({ err: error }, 'a device could not be recorded');
    });
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    principal: Principal,
    open: OpenRequest,
    target: RequestTarget,
  ): Promise<void> {
    // Nobody would be told, and its close was before anyone listened.
    if (response.destroyed) return;
    const requestId = response.getHeader('x-request-id');
    const controller = new AbortController();
    response.once('close', () => controller.abort(over));
    const { access, route, query } = await authorise(
      { spaces, prefix: couch.prefix },
      principal,
      request,
      target,
    );
    requests.enter(open, access.space.id);
    if (open.endedBy !== undefined) throw endedError(open.endedBy);
    noteDevice(principal, request);
    assertBody(request, route.body, limits);
    const { expiresAt } = principal;
    await passOn({
      request,
      response,
      open,
      // Most requests log nothing, and thousands may be waiting.
      get log() {
        return log.child({ requestId });
      },
      access,
      target,
      route,
      query,
      expiresAt,
      controller,
    });
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = parseRequestTarget(request.url ?? '/');
    if (target.pattern === '/') return welcome(request, response);
    const principal = await auth.authenticate(request.headers.authorization);
    const open = requests.open(principal);
    if (open === null) {
      throw new ReplicationError(429, 'too_many_requests', 'Too many requests are open.', {
        headers: { 'retry-after': '5' },
      });
    }
    try {
      await serve(request, response, principal, open, target);
    } finally {
      requests.done(open);
    }
  }

  function fail(response: ServerResponse, thrown: unknown): void {
    if (response.writableEnded || response.destroyed) return;
    const known = toReplicationError(thrown);
    const requestId = response.getHeader('x-request-id');
    if (known === null) log.error({ err: thrown, requestId }, 'a replication request failed');
    else if (known.cause !== undefined && known.status >= 500) {
      log.warn({ err: known.cause, requestId }, 'the engine could not be reached');
    }
    sendError(response, known ?? new ReplicationError(500, 'internal_server_error', 'Something went wrong.'));
  }

  const handler: RequestHandler = (request, response) => {
    handle(request, response).catch((thrown: unknown) => fail(response, thrown));
  };
  return Object.assign(handler, {
    async close({ waitMilliseconds = shutdownMilliseconds } = {}) {
      for (const stop of stopListening) stop();
      await requests.endAll(waitMilliseconds);
      upstream.close();
    },
  });
}
