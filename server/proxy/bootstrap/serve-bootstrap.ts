import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { constants, createGzip, type Gzip } from 'node:zlib';
import type { Couch } from '../../couch/couch.ts';
import { engineError } from '../engine-answer.ts';
import { endedError, type Exchange } from '../exchange.ts';
import type { ProxyLimits } from '../limits.ts';
import type { MonthGate } from '../month-gate.ts';
import type { EndReason, OpenRequests } from '../open-requests.ts';
import { sendError } from '../replies.ts';
import type { EngineAnswer, Upstream } from '../upstream.ts';
import { readLeaves, type AskEngine } from './leaf-batches.ts';
import { pageLines } from './page-lines.ts';

interface BootstrapOptions {
  couch: Pick<Couch, 'engineToken'>;
  upstream: Upstream;
  requests: OpenRequests;
  months: MonthGate;
  limits: ProxyLimits;
}

/** Bytes of documents after which a page ends, with the document that is being sent. */
const pageBytes = 1024 * 1024;
const defaultLimit = 2000;
/** Room for what is packed at a time; each costs a turn of another thread. */
const packedBytes = 128 * 1024;
const forwardingHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-proto', 'x-real-ip'];
/** How long a client may take to read the rest, once the stream is to end. */
const endingMilliseconds = 2000;

/** Whether the client takes gzip: named, and not with a weight of 0. */
export function acceptsGzip(header: string | undefined): boolean {
  return /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?=,|$)/i.test(header ?? '');
}

/** Asked on this machine, and not through a proxy in front: packing would cost more than it saves. */
function isNearby({ socket, headers }: IncomingMessage): boolean {
  const isForwarded = forwardingHeaders.some((name) => headers[name] !== undefined);
  return !isForwarded && /^(?:::1$|(?:::ffff:)?127\.)/.test(socket.remoteAddress ?? '');
}

function gzipFor(request: IncomingMessage): Gzip | null {
  if (!acceptsGzip(request.headers['accept-encoding']) || isNearby(request)) return null;
  return createGzip({ level: constants.Z_BEST_SPEED, chunkSize: packedBytes });
}

/** Ends the stream before it is done: at once where rights ended, else with what is on its way. */
function endEarly(exchange: Exchange, output: Writable, reason: EndReason): void {
  const { response, controller } = exchange;
  controller.abort();
  if (!response.headersSent) return sendError(response, endedError(reason));
  if (reason !== 'expired' && reason !== 'closing') {
    response.destroy();
    return;
  }
  // Without its last line: the client asks again, from the page that it has.
  output.end();
  const timer = setTimeout(() => response.destroy(), endingMilliseconds).unref();
  response.once('close', () => clearTimeout(timer));
}

function askEngine(exchange: Exchange, { couch, upstream, months }: BootstrapOptions): AskEngine {
  const { access, controller, target } = exchange;
  return async (path, body) => {
    const token = await couch.engineToken({ userId: access.userId, roles: access.engineRoles });
    const answer: EngineAnswer = await upstream.send({
      method: body === undefined ? 'GET' : 'POST',
      target: `/${encodeURIComponent(target.database)}${path}`,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(body.bytes.length) }),
      },
      ...(body === undefined ? {} : { body: body.stream }),
      signal: controller.signal,
      feed: false,
    });
    if (answer.status < 400) return answer;
    if (answer.status === 404) months.forget(access.database);
    throw await engineError(answer, false, exchange.log);
  };
}

function beginAnswer(response: ServerResponse, gzip: Gzip | null): void {
  response.writeHead(200, {
    'content-type': 'application/x-ndjson',
    'cache-control': 'private, no-store',
    vary: 'accept-encoding',
    // Proxies on the way must not wait for the end.
    'x-accel-buffering': 'no',
    ...(gzip === null ? {} : { 'content-encoding': 'gzip' }),
  });
}

/**
 * Serves `/:db/_bootstrap`: all leaves of the documents that have changed since a sequence, as lines of JSON. Any page's
 * sequence is one that ordinary replication, or another bootstrap, can go on from.
 */
export function createBootstrap(options: BootstrapOptions): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    const { request, response, open, query, controller } = exchange;
    const { signal } = controller;
    const asked = new Map(query);
    const since = asked.get('since') ?? '0';
    const gzip = gzipFor(request);
    const output: Writable = gzip ?? response;
    open.end = (reason) => endEarly(exchange, output, reason);
    options.requests.endAt(open, exchange.expiresAt * 1000 + options.limits.expiryGraceMilliseconds);
    response.on('error', () => {}); // Its close says enough.
    try {
      const leaves = await readLeaves(askEngine(exchange, options), {
        since,
        limit: Number(asked.get('limit') ?? defaultLimit),
      });
      beginAnswer(response, gzip);
      gzip?.pipe(response);
      for await (const { bytes, endsLine } of pageLines(leaves, { since: sequenceOf(since), pageBytes })) {
        if (signal.aborted || response.destroyed) break;
        if (!output.write(bytes)) await once(output, 'drain', { signal });
        // The client writes page after page, while the next ones are read.
        if (endsLine) gzip?.flush(constants.Z_SYNC_FLUSH);
      }
      if (!signal.aborted) output.end();
    } catch (error) {
      // Whoever ended it has seen to the answer; a client that left needs none.
      if (!signal.aborted) throw error;
    }
    // Until the client has it all, the stream can be ended.
    if (!response.destroyed && !response.writableFinished) await once(response, 'close');
  };
}

/** As it would stand in an answer of the engine. */
function sequenceOf(since: string): number | string {
  return /^\d{1,15}$/.test(since) ? Number(since) : since;
}
