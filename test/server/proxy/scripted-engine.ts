import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Something at the engine's address that answers as a test says. */
export interface ScriptedEngine {
  origin: string;
  /** Requests that came so far. */
  asked(): number;
  close(): Promise<void>;
}

export async function startScriptedEngine(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<ScriptedEngine> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    response.on('error', () => {});
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Writes a continuous feed of empty lines for as long as somebody reads. */
export function pourLines(response: ServerResponse): void {
  const lines = '\n'.repeat(64 * 1024);
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = (): void => {
    while (!response.destroyed && response.write(lines));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}
