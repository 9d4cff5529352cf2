import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SetupError } from '../errors.ts';
import type { RequestTracker } from './request-tracker.ts';

/** A listening server that can stop without losing a write. */
export interface Listening {
  /** `http://host:port` */
  url: string;
  port: number;
  /** Stops accepting, cuts feeds, lets other requests finish within the time, then closes whatever is left. */
  close(options?: { graceMilliseconds?: number }): Promise<void>;
}

const listenProblems: Record<string, string> = {
  EADDRINUSE: 'is taken by another program. Stop it, or set PORT to another one',
  EACCES: 'may not be used by this user. Set PORT to one above 1023',
  EADDRNOTAVAIL: 'cannot be used: this machine does not have the address in HOST',
};

async function start(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const problem = listenProblems[error.code ?? ''];
      reject(
        problem === undefined
          ? error
          : new SetupError(`Port ${port} at ${host} ${problem}.`, { cause: error }),
      );
    });
    server.listen(port, host, () => resolve());
  });
}

/** How long feeds have to be ended in their own way before they are cut. */
const feedMilliseconds = 300;

async function stop(server: Server, requests: RequestTracker, graceMilliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => requests.cutFeeds(), feedMilliseconds);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMilliseconds);
  });
  await Promise.race([requests.idle(), late]);
  clearTimeout(timer);
  clearTimeout(cut);
  server.closeIdleConnections();
  // A client may keep its connection open although its answer has arrived.
  setImmediate(() => server.closeAllConnections());
  await closed;
}

/** Throws SetupError where the port is taken. */
export async function listen(options: {
  app: RequestListener;
  host: string;
  port: number;
  requests: RequestTracker;
}): Promise<Listening> {
  const { app, host, port, requests } = options;
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 300_000 }, app);
  await start(server, host, port);
  const address = server.address() as AddressInfo;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${shownHost}:${address.port}`,
    port: address.port,
    close({ graceMilliseconds = 10_000 } = {}) {
      closing ??= stop(server, requests, graceMilliseconds);
      return closing;
    },
  };
}
