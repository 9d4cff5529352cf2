import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What has gone through a relay since it began. */
export interface Count {
  /** Bytes on the wire above TCP, both ways together. */
  bytes: number;
  /** Method and path of each request, the query left out. */
  requests: string[];
  /**
   * Connections that carried anything since the last count: those of open feeds, each of which sends signs of life, and
   * not those that a platform keeps for a next request.
   */
  connections: number;
}

/** A TCP forwarder that one browser has for itself, so that what goes through it is that browser's. */
export interface CountingRelay {
  url: string;
  /** Begins the next count of connections. */
  count(): Count;
  close(): Promise<void>;
}

/** A request begins a chunk: clients here send no second one before the first is answered. */
const requestLine = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS) ([^ ?]+)/;

export async function startCountingRelay(target: string): Promise<CountingRelay> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const used = new Set<Socket>();
  let bytes = 0;
  const server = createServer({ noDelay: true }, (inbound) => {
    const outbound = connect({ port: Number(port), host: hostname, noDelay: true });
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.on('data', (chunk: Uint8Array) => {
        bytes += chunk.length;
        used.add(inbound);
      });
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    inbound.on('data', (chunk: Buffer) => {
      const [, method, path] = requestLine.exec(chunk.toString('latin1', 0, 2048)) ?? [];
      if (path !== undefined) requests.push(`${method} ${path}`);
    });
    inbound.pipe(outbound).pipe(inbound);
    inbound.on('close', () => outbound.destroy());
    outbound.on('close', () => inbound.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count() {
      const connections = used.size;
      used.clear();
      return { bytes, requests: [...requests], connections };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
