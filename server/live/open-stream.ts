import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Auth } from '../auth/auth.ts';
import { hasScope, type Principal } from '../auth/principal.ts';
import { errorBody, SetteeError } from '../errors.ts';
import { clientAddress } from '../http/client-address.ts';
import { toSetteeError } from '../http/errors.ts';
import type { Log } from '../log.ts';
import type { Audience, Listener } from './audience.ts';
import { helloText } from './broadcast.ts';
import type { EventLog } from './event-log.ts';
import type { LiveLimits } from './limits.ts';
import { createLiveStream, eventText, streamHeaders, type LiveStream } from './live-stream.ts';
import { createOpenLimits, tooManyStreams } from './open-limits.ts';

/** A connection that vanished without a word is noticed by the system some minutes later. */
const keepAliveMilliseconds = 30_000;

export interface OpenStreamOptions {
  auth: Pick<Auth, 'authenticate'>;
  audience: Audience;
  events: EventLog;
  limits: LiveLimits;
  log: Log;
  clock: () => Date;
}

function lastEventId(request: Request): string | undefined {
  const header = request.headers['last-event-id'];
  const asked = typeof header === 'string' ? header : request.query.lastEventId;
  return typeof asked === 'string' && asked.length <= 64 ? asked : undefined;
}

function assertCall(request: Request, isClosing: boolean): void {
  const [path] = request.url.split('?');
  if (path !== '/') throw new SetteeError('not_found', 'There is nothing here.');
  if (request.method !== 'GET') {
    throw new SetteeError('bad_request', 'Only GET is allowed.', { status: 405, headers: { Allow: 'GET' } });
  }
  if (isClosing) {
    throw new SetteeError('engine_unavailable', 'The server is stopping; try again.', {
      headers: { 'Retry-After': '2' },
    });
  }
}

function refuse(response: Response, thrown: unknown, log: Log): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const requestId = randomUUID();
  const known = toSetteeError(thrown);
  if (known === null) log.error({ err: thrown, requestId }, 'a live stream could not be opened');
  const error = known ?? new SetteeError('internal_error', 'Something went wrong here.');
  response
    .status(error.status)
    .set({ 'Cache-Control': 'no-store', 'X-Request-Id': requestId, ...error.headers });
  response.json(errorBody(error));
}

/** Opens streams: who asks, whether there is room, which spaces, and what was missed. */
export function createOpenStream(options: OpenStreamOptions): { handler: RequestHandler; close(): void } {
  const { auth, audience, events, limits, log, clock } = options;
  const opens = createOpenLimits(limits);
  let isClosing = false;

  async function identify(request: Request): Promise<Principal> {
    const principal = await auth.authenticate(request.headers.authorization).catch(async (error: unknown) => {
      await opens.count(`address:${clientAddress(request.ip)}`);
      throw error;
    });
    if (!hasScope(principal, 'read'))
      throw new SetteeError('insufficient_scope', 'This needs the scope read.');
    await opens.count(`user:${principal.userId}`);
    return principal;
  }

  /** A browser that lost its connection comes back before the old one is known to be dead: that one makes room. */
  function makeRoom({ userId, device }: LiveStream): void {
    const open = audience.find(userId)?.streams ?? new Set();
    if (open.size < limits.streamsPerUser) return;
    const [oldest] = [...open].filter((stream) => device !== undefined && stream.device === device);
    if (!oldest) throw tooManyStreams(limits.streamsPerUser);
    audience.leave(oldest);
    oldest.response.destroy();
  }

  function greet(stream: LiveStream, listener: Listener, id: string | undefined): void {
    const missed = events.missed(id, stream.userId, (spaceId) => listener.spaces.has(spaceId));
    const text =
      missed === null
        ? helloText(events, listener, limits.heartbeatSeconds)
        : eventText('resumed', { bootId: events.bootId, heartbeatSeconds: limits.heartbeatSeconds }) +
          missed.map(({ spaceId, database }) => eventText('hint', { space: spaceId, database })).join('') +
          `id: ${events.lastId()}\n\n`;
    stream.response.write(text);
    stream.beatAt = clock().getTime() + limits.heartbeatSeconds * 1000;
    stream.greeted = true;
  }

  function onClose(stream: LiveStream): void {
    audience.leave(stream);
    const milliseconds = Math.round(clock().getTime() - stream.openedAt);
    log.info(
      { path: '/live', status: stream.response.statusCode, milliseconds, userId: stream.userId },
      'request',
    );
  }

  async function answer(request: Request, response: Response): Promise<void> {
    assertCall(request, isClosing);
    const id = lastEventId(request);
    const stream = createLiveStream(response, await identify(request), clock().getTime());
    makeRoom(stream);
    // Nobody would be told, and its close was before anyone listened.
    if (response.destroyed) return;
    response.once('close', () => onClose(stream));
    const listener = await audience.join(stream);
    if (response.destroyed || response.writableEnded) return;
    response.writeHead(200, streamHeaders);
    request.socket.setKeepAlive(true, keepAliveMilliseconds);
    request.socket.setNoDelay(true);
    greet(stream, listener, id);
  }

  return {
    handler: (request, response) => {
      answer(request, response).catch((error: unknown) => refuse(response, error, log));
    },
    close() {
      isClosing = true;
    },
  };
}
