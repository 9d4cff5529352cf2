import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import {
  createLiveStream,
  end,
  eventText,
  write,
  type LiveStream,
} from '../../../server/live/live-stream.ts';

const principal = {
  userId: 'me',
  email: 'me@example.org',
  roles: [],
  sessionId: 'session',
  scopes: [],
  expiresAt: Infinity,
};

/** A stream whose client asks, and then reads nothing. */
async function openStalled(): Promise<{ stream: LiveStream; stop: () => Promise<void> }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET /live HTTP/1.1\r\nHost: here\r\n\r\n');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  response.writeHead(200);
  return {
    stream: createLiveStream(response, principal, 0),
    async stop() {
      socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const kilobytes = (count: number): string => 'x'.repeat(count * 1024);

it('a client that does not read is cut before it costs more than the bound', async () => {
  const { stream, stop } = await openStalled();
  const { response } = stream;
  let most = 0;
  for (let count = 0; count < 2000 && !response.destroyed; count += 1) {
    write(stream, kilobytes(16), 64 * 1024);
    most = Math.max(most, response.writableLength);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(response.destroyed).toBe(true);
  expect(most).toBeLessThan((64 + 2 * 16) * 1024);
  // Later events find nobody, and nothing fails.
  write(stream, eventText('hint', {}), 64 * 1024);
  end(stream, eventText('end', {}));
  await stop();
});

it('a stream that is to end does so although its client does not read', async () => {
  const { stream, stop } = await openStalled();
  while (stream.response.writableLength === 0) {
    stream.response.write(kilobytes(64));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const closed = once(stream.response, 'close');
  end(stream, eventText('end', { code: 'session_ended' }));
  await closed;
  await stop();
});
