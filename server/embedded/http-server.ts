import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

const socketsByServer = new WeakMap<Server, Set<Socket>>();

/** Listens on loopback; returns the port. */
export function listen(server: Server, port: number): Promise<number> {
  const sockets = new Set<Socket>();
  socketsByServer.set(server, sockets);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Connections of which nothing was asked: clients open some in advance, and Node takes them for busy. */
function closeSilent(server: Server): void {
  for (const socket of socketsByServer.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy();
}

/** Lets requests in flight finish for a moment; feeds are cut. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const sweep = (): void => {
    server.closeIdleConnections();
    closeSilent(server);
  };
  sweep();
  const sweeping = setInterval(sweep, 20);
  const cut = setTimeout(() => server.closeAllConnections(), 500);
  await closed;
  clearInterval(sweeping);
  clearTimeout(cut);
}
