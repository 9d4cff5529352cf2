import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { useSettee } from '../../support/use-settee.ts';
import { eventually, registerPersonal, startProxy } from './personal-account.ts';
import { startScriptedEngine } from './scripted-engine.ts';

const settee = useSettee();

it('bulk writes of one user reach the engine a few at a time; clients that leave give way', async () => {
  const held: (() => void)[] = [];
  let most = 0;
  const engine = await startScriptedEngine((request, response) => {
    request.resume();
    held.push(() => response.writeHead(201, { 'content-type': 'application/json' }).end('[]'));
    most = Math.max(most, held.length);
  });
  const over = await startProxy(settee, {
    couch: { ...settee.services.couch, origin: engine.origin },
    limits: { bulkWritesPerUser: 3 },
  });
  const account = await registerPersonal(settee, over.url);
  const write = (signal: AbortSignal): Promise<number> =>
    account
      .own('/_bulk_docs', { method: 'POST', json: { docs: [{ _id: 'flow:x' }] }, signal })
      .then((answer) => answer.status);
  const staying = Array.from({ length: 6 }, () => write(new AbortController().signal));
  await eventually(() => expect(held.length).toBe(3));
  const leaver = new AbortController();
  const leaving = write(leaver.signal).catch(() => 0);
  await sleep(300);
  leaver.abort();
  expect(await leaving).toBe(0);
  for (let answered = 0; answered < staying.length; answered += 1) {
    await eventually(() => expect(held.length).toBeGreaterThan(0));
    held.shift()?.();
  }
  expect(await Promise.all(staying)).toEqual(staying.map(() => 201));
  expect([most, engine.asked()]).toEqual([3, 6]);
  await over.stop();
  await engine.close();
});
