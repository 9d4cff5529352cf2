import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { createForwardedWarning } from '../../../server/http/forwarded-warning.ts';
import { createLog } from '../../../server/log.ts';

async function warnings(trustProxy: unknown): Promise<number> {
  let written = '';
  const log = createLog({ level: 'warn', destination: { write: (line) => void (written += line) } });
  const app = express();
  app.use(createForwardedWarning({ log, trustProxy }), (_request, response) => void response.end());
  const server = createServer(app);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await fetch(`http://127.0.0.1:${port}/`);
  for (let n = 0; n < 3; n += 1) {
    await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return written.split('TRUST_PROXY').length - 1;
}

it('an address in X-Forwarded-For that is not believed is spoken of once', async () => {
  expect(await warnings(false)).toBe(1);
  expect(await warnings(1)).toBe(0);
});
