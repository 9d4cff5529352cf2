import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { pour } from '../../../server/http/pour.ts';

let stop = (): void => {};
afterEach(() => stop());

/** A server that answers one request with `work`, and that request. */
async function answerWith(work: (response: ServerResponse) => Promise<void>) {
  const server = createServer();
  const done = new Promise<unknown>((resolve) => {
    server.once('request', (_request, response: ServerResponse) => {
      work(response).then(
        () => resolve('whole'),
        (error: unknown) => resolve(error),
      );
    });
  });
  stop = () => {
    server.close();
    server.closeAllConnections();
  };
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const request = get({ port: (server.address() as AddressInfo).port, agent: false });
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { answer, done };
}

test('a whole answer arrives, with two listeners at most for its close', async () => {
  let added = 0;
  const { answer, done } = await answerWith((response) => {
    const before = response.listenerCount('close');
    const poured = pour(Readable.from([Buffer.alloc(300_000, 'a'), 'b']), response);
    added = response.listenerCount('close') - before;
    return poured;
  });
  let bytes = 0;
  for await (const chunk of answer) bytes += (chunk as Buffer).length;
  expect([bytes, await done]).toEqual([300_001, 'whole']);
  expect(added).toBeLessThanOrEqual(2);
});

test('an answer breaks off where its source does, and the other way round', async () => {
  const broken = new PassThrough();
  const first = await answerWith((response) => {
    broken.write('begun');
    return pour(broken, response);
  });
  await once(first.answer, 'data');
  broken.destroy(new Error('the engine went'));
  await expect(once(first.answer, 'end')).rejects.toThrow('aborted');
  expect(await first.done).toMatchObject({ message: 'the engine went' });
  stop();
  const endless = new PassThrough();
  const second = await answerWith((response) => {
    endless.write('begun');
    return pour(endless, response);
  });
  await once(second.answer, 'data');
  second.answer.destroy();
  expect(await second.done).toBeInstanceOf(Error);
  expect(endless.destroyed).toBe(true);
});
