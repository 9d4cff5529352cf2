import type { IncomingMessage } from 'node:http';
import type { Auth } from '../auth/auth.ts';
import { hasScope, type Principal } from '../auth/principal.ts';
import { SetteeError } from '../errors.ts';
import type { OpenLive } from '../http/live-listener.ts';
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

function lastEventId(request: IncomingMessage): string | undefined {
  const header = request.headers['last-event-id'];
  const [, query] = (request.url ?? '').split('?');
  const asked = typeof header === 'string' ? header : new URLSearchParams(query).get('lastEventId');
  return asked !== null && asked.length <= 64 ? asked : undefined;
}

function assertCall(request: IncomingMessage, isClosing: boolean): void {
  if (request.method !== 'GET') {
    throw new SetteeError('bad_request', 'Only GET is allowed.', { status: 405, headers: { Allow: 'GET' } });
  }
  if (isClosing) {
    throw new SetteeError('engine_unavailable', 'The server is stopping; try again.', {
      headers: { 'Retry-After': '2' },
    });
  }
}

/** What the request brought is not needed any more, and would stay as long as the stream. */
function forget(request: IncomingMessage): void {
  request.headers = {};
  request.rawHeaders = [];
}

/** Opens streams: who asks, whether there is room, which spaces, and what was missed. */
export function createOpenStream(options: OpenStreamOptions): { open: OpenLive; close(): void } {
  const { auth, audience, events, limits, log, clock } = options;
  const opens = createOpenLimits(limits);
  let isClosing = false;

  async function identify(request: IncomingMessage): Promise<Principal> {
    const principal = await auth.authenticate(request.headers.authorization);
    if (!hasScope(principal, 'read'))
      throw new SetteeError('insufficient_scope', 'This needs the scope read.');
    await opens.count(principal.userId);
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
      {
        method: 'GET',
        path: '/live',
        status: stream.response.statusCode,
        milliseconds,
        userId: stream.userId,
      },
      'request',
    );
  }

  return {
    async open(request, response, headers) {
      assertCall(request, isClosing);
      const id = lastEventId(request);
      const stream = createLiveStream(response, await identify(request), clock().getTime());
      makeRoom(stream);
      // Nobody would be told, and its close was before anyone listened.
      if (response.destroyed) return;
      response.once('close', () => onClose(stream));
      const listener = await audience.join(stream);
      if (response.destroyed || response.writableEnded) return;
      response.writeHead(200, { ...headers, ...streamHeaders });
      forget(request);
      request.socket.setKeepAlive(true, keepAliveMilliseconds);
      request.socket.setNoDelay(true);
      greet(stream, listener, id);
    },
    close() {
      isClosing = true;
    },
  };
}
