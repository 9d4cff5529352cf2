import type { ServerResponse } from 'node:http';
import type { Principal } from '../auth/principal.ts';

/** Why a stream is over that nobody broke off. */
export type StreamEnd = 'token_expired' | 'session_ended';

/** One open stream of server-sent events. Thousands are open at once: it holds as little as it can. */
export interface LiveStream {
  readonly userId: string;
  /** The session's or the API key's. */
  readonly holderId: string;
  /** As the browser names itself; undefined for others. */
  readonly device: string | undefined;
  /** Unix milliseconds, or Infinity. */
  readonly expiresAt: number;
  readonly openedAt: number;
  readonly response: ServerResponse;
  /** When the next heartbeat is due, in unix milliseconds. */
  beatAt: number;
  warned: boolean;
  /** False until its first event was written; nothing else may come before that. */
  greeted: boolean;
}

export const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies such as nginx would keep events back to send them together.
  'x-accel-buffering': 'no',
};

/** An event as it goes over the wire; one text serves all streams that get it. */
export function eventText(event: string, data: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A comment, and with it the id of the latest event: a stream that breaks after it need not go through what was not for it. */
export function heartbeatText(id: string): string {
  return `: \nid: ${id}\n\n`;
}

export function createLiveStream(response: ServerResponse, principal: Principal, now: number): LiveStream {
  const device = response.req.headers['x-settee-device'];
  return {
    userId: principal.userId,
    holderId: principal.sessionId ?? principal.keyId ?? '',
    device: typeof device === 'string' && device.length <= 64 ? device : undefined,
    expiresAt: principal.expiresAt * 1000,
    openedAt: now,
    response,
    beatAt: Number.POSITIVE_INFINITY,
    warned: false,
    greeted: false,
  };
}

/** Writes to a stream; one whose client does not read is cut, and comes back with the id of what it has seen. */
export function write(stream: LiveStream, text: string, unreadBytes: number): void {
  const { response } = stream;
  if (response.writableEnded || response.destroyed) return;
  if (response.writableLength > unreadBytes) response.destroy();
  else response.write(text);
}

/** Tells why, and ends; a client that does not read is cut. */
export function end(stream: LiveStream, text: string): void {
  const { response } = stream;
  if (response.writableEnded || response.destroyed) return;
  if (!response.headersSent) response.writeHead(200, streamHeaders);
  response.end(text);
  const cut = setTimeout(() => response.destroy(), 2000);
  cut.unref();
  response.once('close', () => clearTimeout(cut));
}
