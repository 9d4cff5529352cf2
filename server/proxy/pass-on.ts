import type { Couch } from '../couch/couch.ts';
import { pour } from '../http/pour.ts';
import type { Doorbell } from '../spaces/doorbell.ts';
import type { Authors } from '../spaces/moves/authors.ts';
import { boundless, type Quota, type Room } from '../spaces/quota.ts';
import { createBootstrap } from './bootstrap/serve-bootstrap.ts';
import { mergedResults, passBulkDocs, refusedResults } from './bulk-docs.ts';
import { engineBody } from './engine-body.ts';
import { clientHeaders, engineError } from './engine-answer.ts';
import { engineHeaders, engineRequest } from './engine-request.ts';
import { breakOff, endSilentFeed } from './endings.ts';
import { feedOf, type Exchange } from './exchange.ts';
import { createFeedEnd } from './feed-end.ts';
import type { ProxyLimits } from './limits.ts';
import type { MonthGate } from './month-gate.ts';
import type { OpenRequests } from './open-requests.ts';
import { relayFeed } from './relay-feed.ts';
import { sendJson } from './replies.ts';
import { ReplicationError } from './replication-error.ts';
import { roleSuffices } from './route-table.ts';
import { createUserTurns } from './user-turns.ts';
import type { EngineAnswer, Upstream } from './upstream.ts';

export interface PassOnOptions {
  couch: Pick<Couch, 'engineToken'>;
  upstream: Upstream;
  requests: OpenRequests;
  months: MonthGate;
  limits: ProxyLimits;
  doorbell: Pick<Doorbell, 'ring'>;
  quota: Pick<Quota, 'room'>;
  authors: Pick<Authors, 'note'>;
}

async function relay(exchange: Exchange, answer: EngineAnswer): Promise<void> {
  exchange.response.writeHead(answer.status, clientHeaders(exchange.route, answer.headers));
  await pour(answer.body, exchange.response);
}

/** A client that sends slowly does not keep what was ended from ending. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // It may fail later, when nobody waits for it any more.
  work.catch(() => undefined);
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop));
}

/** True for what stores documents; checkpoints are none. */
function isWrite({ route }: Exchange): boolean {
  if (route.method === 'DELETE') return true;
  return ['document', 'attachment', 'bulk-docs'].includes(route.body);
}

/** Sends authorised requests to the engine and its answers back, both as streams. */
export function createPassOn(options: PassOnOptions): (exchange: Exchange) => Promise<void> {
  const { couch, upstream, requests, months, limits, doorbell, quota } = options;
  const bootstrap = createBootstrap(options);
  const turns = createUserTurns({ atOnce: limits.bulkWritesPerUser, waiting: limits.bulkWritesWaiting });

  async function assertAnswered(exchange: Exchange, answer: EngineAnswer): Promise<void> {
    if (answer.status < 400) return;
    if (answer.status === 404 && exchange.target.pattern !== '/:db/:doc')
      months.forget(exchange.access.database);
    throw await engineError(answer, exchange.route.method === 'HEAD', exchange.log);
  }

  /** Before the answer goes back: whoever hears of the write in another way finds the others told. */
  function ring(exchange: Exchange): void {
    const { database, userId } = exchange.access;
    if (isWrite(exchange)) doorbell.ring(database, { source: 'proxy', userId });
  }

  async function send(
    exchange: Exchange,
    kind: { documentId: string; feed: boolean; room?: Room },
  ): Promise<EngineAnswer> {
    const headers = await engineHeaders(exchange, couch);
    // The body begins to flow only when there is somebody to hear of its errors.
    const content = engineBody(exchange.request, exchange.route.body, {
      limits,
      documentId: kind.documentId,
      room: kind.room ?? boundless,
      hasRevision:
        exchange.query.some(([name]) => name === 'rev') || exchange.request.headers['if-match'] !== undefined,
    });
    const answer = upstream.send({
      ...engineRequest(exchange, { ...headers, ...content.headers }),
      ...(content.body === undefined ? {} : { body: content.body }),
      feed: kind.feed,
    });
    if (isWrite(exchange)) {
      const isWhole = (): void => void (exchange.open.storing = answer);
      if (content.body === undefined) isWhole();
      else content.body.once('end', isWhole);
    }
    return answer;
  }

  async function passFeed(exchange: Exchange, feed: 'longpoll' | 'continuous'): Promise<void> {
    const { response, open, query } = exchange;
    const since = query.find(([name]) => name === 'since')?.[1];
    open.end = (reason) => endSilentFeed(exchange, reason, since);
    requests.endAt(open, exchange.expiresAt * 1000 + limits.expiryGraceMilliseconds);
    const answer = await send(exchange, { documentId: '', feed: true });
    await assertAnswered(exchange, answer);
    response.writeHead(answer.status, clientHeaders(exchange.route, answer.headers));
    response.flushHeaders();
    const stopEngine = (): void => exchange.controller.abort();
    const passing = relayFeed({ answer, response, feedEnd: createFeedEnd(feed, since), stopEngine });
    open.end = passing.end;
    await passing.done;
  }

  async function passBulkInTurn(exchange: Exchange): Promise<void> {
    const endTurn = await turns.take(exchange.access.userId, exchange.controller.signal);
    try {
      await passBulk(exchange);
    } finally {
      endTurn();
    }
  }

  async function passBulk(exchange: Exchange): Promise<void> {
    const headers = { ...(await engineHeaders(exchange, couch)), 'content-type': 'application/json' };
    const mayWrite = roleSuffices(exchange.access.role, 'editor');
    const passing = passBulkDocs({
      request: exchange.request,
      limits,
      mayWrite,
      room: mayWrite ? await quota.room(exchange.access) : boundless,
      onAccepted({ id, rev, isReplicated }) {
        if (!isReplicated || id === undefined || rev === undefined) return;
        const { database, userId } = exchange.access;
        options.authors.note({ database, id, revision: rev }, userId);
      },
      send: (body) => upstream.send({ ...engineRequest(exchange, headers), body }),
      onWhole: (answer) => void (exchange.open.storing = answer),
    });
    const outcome = await untilAborted(passing, exchange.controller.signal);
    if (!('answer' in outcome)) return sendJson(exchange.response, 201, refusedResults(outcome.refused));
    const { answer, refused, newEdits } = outcome;
    await assertAnswered(exchange, answer);
    ring(exchange);
    if (refused.length === 0) return relay(exchange, answer);
    sendJson(exchange.response, answer.status, await mergedResults(answer, refused, newEdits));
  }

  async function passPlain(exchange: Exchange): Promise<void> {
    const documentId = exchange.target.parts.join('/');
    const room = isWrite(exchange) ? await quota.room(exchange.access) : boundless;
    const answer = await send(exchange, { documentId, feed: false, room });
    await assertAnswered(exchange, answer);
    ring(exchange);
    await relay(exchange, answer);
  }

  async function createDatabase(exchange: Exchange): Promise<void> {
    if ((await months.create(exchange.access)) === 'created')
      return sendJson(exchange.response, 201, { ok: true });
    throw new ReplicationError(
      412,
      'file_exists',
      'The database could not be created, the file already exists.',
    );
  }

  return async (exchange) => {
    exchange.open.end = (reason) => breakOff(exchange, reason);
    if (exchange.target.pattern === '/:db' && exchange.route.method === 'PUT')
      return createDatabase(exchange);
    await months.ensure(exchange.access);
    if (exchange.target.pattern === '/:db/_bootstrap') return bootstrap(exchange);
    const feed = exchange.target.pattern === '/:db/_changes' ? feedOf(exchange.query) : null;
    if (feed !== null) return passFeed(exchange, feed);
    return exchange.route.body === 'bulk-docs' ? passBulkInTurn(exchange) : passPlain(exchange);
  };
}
