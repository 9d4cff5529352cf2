import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { useSettee } from '../../support/use-settee.ts';
import { registerPersonal, startProxy } from './personal-account.ts';

const settee = useSettee();

const megabyte = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in use outside what can be collected now: objects and buffers. */
function memory(): number {
  collect();
  // The buffers that the first found unused are given back before the second.
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const head = (status: string, length: number): Uint8Array =>
  encode(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`);

/** Something at the engine's address that reads and writes bytes at its own pace; only the proxy's memory is watched. */
async function startSink(onData: (socket: Socket, received: number) => void) {
  let received = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk: Uint8Array) => {
      received += chunk.length;
      onData(socket, received);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const over = await startProxy(settee, {
    couch: { ...settee.services.couch, origin: `http://127.0.0.1:${port}` },
  });
  return {
    account: await registerPersonal(settee, over.url),
    stop: async () => {
      await over.stop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Writes as much as the other side takes; gives the bytes that the socket took. */
function pour(socket: Socket, total: number): () => number {
  const piece = new Uint8Array(64 * 1024).fill(0x20);
  let sent = 0;
  const more = (): void => {
    while (sent < total) {
      sent += piece.length;
      if (!socket.write(piece)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
  return () => sent;
}

describe('the proxy’s memory', () => {
  it('does not grow while 100 MB stream through to a client', async () => {
    const total = 100 * megabyte;
    const { account, stop } = await startSink((socket) => {
      socket.write(head('200 OK', total));
      pour(socket, total);
    });
    const inUse: number[] = [];
    let got = 0;
    let looked = 0;
    const answer = await account.own('/_all_docs?include_docs=true');
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      got += chunk.length;
      if (got - looked < 10 * megabyte) continue;
      looked = got;
      inUse.push(memory());
    }
    expect(got).toBe(total);
    const half = inUse.length / 2;
    expect(Math.min(...inUse.slice(half)) - Math.min(...inUse.slice(0, half))).toBeLessThan(16 * megabyte);
    await stop();
  }, 60_000);

  it('does not grow while a client does not read', async () => {
    let sent = (): number => 0;
    const { account, stop } = await startSink((socket) => {
      socket.write(head('200 OK', 100 * megabyte));
      sent = pour(socket, 100 * megabyte);
    });
    const answer = await account.own('/_all_docs');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // What the sockets' own buffers hold, and no more.
    expect(sent()).toBeLessThan(40 * megabyte);
    await answer.body?.cancel();
    await stop();
  }, 60_000);

  it('holds one document of a bulk write at a time, and waits for the engine', async () => {
    const total = 60;
    let paused = false;
    const { account, stop } = await startSink((socket, received) => {
      if (received > total * megabyte) {
        socket.write(head('201 Created', 3));
        socket.write('[]\n');
      }
      if (paused || received < 5 * megabyte) return;
      paused = true;
      socket.pause();
      setTimeout(() => socket.resume(), 1000);
    });
    const text = 'x'.repeat(megabyte);
    const body = Readable.from(
      (function* pieces() {
        yield '{"docs":[';
        for (let n = 0; n < total; n += 1) yield `${n === 0 ? '' : ','}{"_id":"flow:${n}","a":"${text}"}`;
        yield '],"new_edits":false}';
      })(),
    );
    const before = memory();
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, memory() - before);
    }, 500);
    const outgoing = request(`${account.databaseUrl}/_bulk_docs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${account.accessToken}`, 'content-type': 'application/json' },
    });
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    body.pipe(outgoing);
    const [answer] = await answered;
    answer.resume();
    clearInterval(watch);
    expect([answer.statusCode, paused]).toEqual([201, true]);
    expect(most).toBeLessThan(40 * megabyte);
    await stop();
  }, 60_000);
});
