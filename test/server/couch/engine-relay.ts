import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RelayRules {
  /** False hangs up on this request. */
  passes?: (request: { method: string; url: string }) => boolean;
  /** The headers that the engine is to see. */
  headers?: (headers: IncomingHttpHeaders) => IncomingHttpHeaders;
  /** Added to the Date of every answer. */
  clockMilliseconds?: number;
}

export interface EngineRelay {
  /** With the engine's credentials. */
  url: string;
  /** From now on. */
  rule(rules: RelayRules): void;
  /** Ends every open connection. */
  cut(): void;
  /** Keeps connections open but passes nothing on. */
  freeze(): void;
  /** Passes on what was held back. */
  thaw(): void;
  close(): Promise<void>;
}

/** Stands between Settee and a real engine, as a network that can fail. */
export async function startEngineRelay(engineUrl: string): Promise<EngineRelay> {
  const target = new URL(engineUrl);
  const answers = new Map<IncomingMessage, ServerResponse>();
  let rules: RelayRules = {};

  function relay(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method = 'GET', url = '/' } = incoming;
    if (rules.passes?.({ method, url }) === false) return void incoming.socket.destroy();
    const headers = { ...(rules.headers?.(incoming.headers) ?? incoming.headers), host: target.host };
    const upstream = request(
      { host: target.hostname, port: target.port, method, path: url, headers },
      (answer) => {
        answers.set(answer, outgoing);
        answer.on('close', () => answers.delete(answer));
        const date = new Date(Date.now() + (rules.clockMilliseconds ?? 0)).toUTCString();
        outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, date });
        answer.pipe(outgoing);
      },
    );
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }

  const server = createServer(relay);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${target.username}:${target.password}@127.0.0.1:${port}`,
    rule: (next) => (rules = next),
    cut: () => server.closeAllConnections(),
    freeze() {
      for (const answer of answers.keys()) answer.unpipe();
    },
    thaw() {
      for (const [answer, outgoing] of answers) answer.pipe(outgoing);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
