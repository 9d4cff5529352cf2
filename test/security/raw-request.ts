import { connect } from 'node:net';

export interface RawRequest {
  target?: string;
  method?: string;
  token?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Sent as it is, instead of all of the above. */
  bytes?: Uint8Array;
  milliseconds?: number;
}

/** Sends a request byte by byte as written, which no HTTP client would, and gives the whole answer as text. */
export function rawRequest(url: string, request: RawRequest): Promise<string> {
  const { hostname, port } = new URL(url);
  const { method = 'GET', target = '/', token, headers = {}, body, milliseconds = 5000 } = request;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: settee.test',
    'Connection: close',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    const chunks: Uint8Array[] = [];
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(
          `no answer to ${method} ${target.slice(0, 100)}: ${Buffer.concat(chunks).toString('latin1').slice(0, 200)}`,
        ),
      );
    }, milliseconds);
    const finish = (): void => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.on('data', (chunk: Uint8Array) => void chunks.push(chunk));
    socket.on('close', finish);
    socket.on('error', () => {});
    socket.on('connect', () => {
      socket.write(request.bytes ?? `${lines.join('\r\n')}\r\n\r\n`);
      if (body !== undefined) socket.write(body);
    });
  });
}
