import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { Call } from '../../../server/embedded/call.ts';
import { openFeed } from '../../../server/embedded/feed.ts';
import { defaultLimits } from '../../../server/embedded/limits.ts';

it('listens to nothing for a client that left before the feed opened', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const leaving = new AbortController();
  const asked = fetch(`http://127.0.0.1:${port}`, { signal: leaving.signal }).catch(() => null);
  const [request, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  leaving.abort();
  await once(response, 'close');
  await asked;
  const listeners = new Set<() => void>();
  const query = new Map([['heartbeat', '1000']]);
  const user = { name: null, roles: [] };
  const call: Call = { request, response, method: 'GET', parts: [], query, user, limits: defaultLimits };
  const source = {
    onWrite(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const feed = openFeed(call, source, { type: 'application/json', opening: '' });
  expect([feed.open, listeners.size]).toEqual([false, 0]);
  server.close();
});
