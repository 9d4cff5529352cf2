import {
  Agent,
  request as httpRequest,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { Agent as SecureAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { engineUnavailable, ReplicationError } from './replication-error.ts';

export interface EngineRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query below the engine's root. */
  target: string;
  headers: Record<string, string>;
  body?: Readable;
  signal: AbortSignal;
  /** Feeds may be silent for as long as they like. */
  feed: boolean;
}

export interface EngineAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
}

/** The engine as the proxy reaches it: streams both ways, over connections that are kept. */
export interface Upstream {
  /** Rejects with ReplicationError: the body's own refusal, or 503 where the engine cannot be reached. */
  send(request: EngineRequest): Promise<EngineAnswer>;
  close(): void;
}

/** Without a sign of life for so long, an engine that owes an answer is given up. */
const silenceMilliseconds = 300_000;
const keptConnections = 256;

/** True where a kept connection was closed by the engine just as it was used again: nothing was done yet. */
function isStale(error: NodeJS.ErrnoException, outgoing: ClientRequest): boolean {
  return outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/** Connects to `origin` (without credentials; it may have a path). */
export function createUpstream(origin: string): Upstream {
  const base = new URL(origin);
  const prefix = base.pathname.replace(/\/$/, '');
  const isSecure = base.protocol === 'https:';
  const agentOptions = { keepAlive: true, maxFreeSockets: keptConnections };
  const agent = isSecure ? new SecureAgent(agentOptions) : new Agent(agentOptions);
  const start = isSecure ? httpsRequest : httpRequest;

  function attempt(request: EngineRequest): { outgoing: ClientRequest; answer: Promise<IncomingMessage> } {
    const { method, headers, signal, feed } = request;
    const outgoing = start({
      host: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      path: prefix + request.target,
      method,
      headers,
      signal,
      agent,
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      // Stays for later errors as well: the answer's own stream reports those.
      outgoing.on('error', reject);
    });
    if (!feed) {
      outgoing.setTimeout(silenceMilliseconds, () => outgoing.destroy(new Error('The engine is silent.')));
    }
    return { outgoing, answer };
  }

  async function exchange(request: EngineRequest): Promise<IncomingMessage> {
    const { outgoing, answer } = attempt(request);
    const { body } = request;
    if (body === undefined) outgoing.end();
    else {
      body.on('error', (error) => outgoing.destroy(error));
      body.pipe(outgoing);
    }
    try {
      return await answer;
    } catch (error) {
      const isAgain =
        body === undefined && !request.signal.aborted && isStale(error as NodeJS.ErrnoException, outgoing);
      if (!isAgain) throw error;
      return exchange(request);
    }
  }

  return {
    async send(request) {
      try {
        const answer = await exchange(request);
        return { status: answer.statusCode ?? 502, headers: answer.headers, body: answer };
      } catch (error) {
        if (error instanceof ReplicationError) throw error;
        throw engineUnavailable(error);
      }
    },
    close: () => agent.destroy(),
  };
}
