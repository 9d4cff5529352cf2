import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StreamRequest {
  lastEventId: string | undefined;
  token: string | undefined;
  /** Sends an event; `data` becomes JSON. */
  send: (event: string, data: unknown, id?: string) => void;
  write: (text: string) => void;
  end: () => void;
  /** Breaks the connection. */
  cut: () => void;
  isClosed: () => boolean;
  response: ServerResponse;
}

export interface ScriptedStream {
  url: string;
  requests: StreamRequest[];
  close: () => Promise<void>;
}

/** A server of events whose answers a test decides; `answer` is called for each request, after the headers unless it says no. */
export async function startScriptedStream(
  answer: (request: StreamRequest, index: number) => void,
  options: { headers?: boolean } = {},
): Promise<ScriptedStream> {
  const requests: StreamRequest[] = [];
  const server = createServer((message: IncomingMessage, response) => {
    let closed = false;
    response.on('close', () => {
      closed = true;
    });
    const request: StreamRequest = {
      lastEventId: message.headers['last-event-id'] as string | undefined,
      token: message.headers.authorization?.replace('Bearer ', ''),
      send(event, data, id) {
        response.write(
          `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
        );
      },
      write: (text) => void response.write(text),
      end: () => void response.end(),
      cut: () => void response.destroy(),
      isClosed: () => closed,
      response,
    };
    requests.push(request);
    if (options.headers !== false) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    }
    answer(request, requests.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/live`,
    requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
