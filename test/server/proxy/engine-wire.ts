import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A wire to the engine that counts what is open on it. */
export interface EngineWire {
  /** Without credentials, for the proxy. */
  origin: string;
  /** Open connections. */
  open(): number;
  /** Every byte that went to the engine, as text. */
  sent(): string;
  /** Breaks every connection and takes no more until the next call. */
  cut(down: boolean): void;
  close(): Promise<void>;
}

export async function startEngineWire(engineUrl: string): Promise<EngineWire> {
  const target = new URL(engineUrl);
  const sockets = new Set<Socket>();
  const sent: Uint8Array[] = [];
  let down = false;
  const server = createServer((client) => {
    if (down) {
      client.destroy();
      return;
    }
    const engine = connect(Number(target.port), target.hostname);
    sockets.add(client);
    client.on('data', (chunk: Uint8Array) => void sent.push(chunk));
    client.pipe(engine).pipe(client);
    for (const socket of [client, engine]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(client);
        client.destroy();
        engine.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cut = (next: boolean): void => {
    down = next;
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    open: () => sockets.size,
    sent: () => Buffer.concat(sent).toString('latin1'),
    cut,
    async close() {
      cut(true);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
