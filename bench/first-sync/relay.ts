import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A TCP forwarder that holds every byte for a while, as distance does; bandwidth is unlimited. */
export interface Relay {
  url: string;
  close(): Promise<void>;
}

/** Each chunk leaves so many milliseconds after it came, in order. */
function delayed(milliseconds: number): Transform {
  return new Transform({
    readableHighWaterMark: 64 * 1024 * 1024,
    writableHighWaterMark: 64 * 1024 * 1024,
    transform(chunk: Uint8Array, _encoding, done) {
      setTimeout(() => this.push(chunk), milliseconds);
      done();
    },
    flush(done) {
      setTimeout(done, milliseconds);
    },
  });
}

export async function startRelay(target: string, roundTripMilliseconds: number): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (inbound) => {
    const outbound = connect({ port: Number(port), host: hostname, noDelay: true });
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    const oneWay = roundTripMilliseconds / 2;
    inbound.pipe(delayed(oneWay)).pipe(outbound).pipe(delayed(oneWay)).pipe(inbound);
    inbound.on('close', () => outbound.destroy());
    outbound.on('close', () => setTimeout(() => inbound.destroy(), oneWay));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
