import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ProxyOptions } from '../../../server/proxy/proxy.ts';
import type { RevocationListener } from '../../../server/spaces/revocations.ts';
import { useSettee } from '../../support/use-settee.ts';
import { eventually, registerPersonal, startProxy, type PersonalAccount } from './personal-account.ts';
import { pourLines, startScriptedEngine } from './scripted-engine.ts';

const settee = useSettee();

type Answer = Parameters<typeof startScriptedEngine>[0];

/** A proxy between a user and an engine that answers as the test says. */
async function startBetween(answer: Answer, changes: Partial<ProxyOptions> = {}) {
  const engine = await startScriptedEngine(answer);
  const couch = { ...settee.services.couch, origin: engine.origin };
  const over = await startProxy(settee, { couch, ...changes });
  return {
    ...over,
    engine,
    account: await registerPersonal(settee, over.url),
    async stop() {
      await over.stop();
      await engine.close();
    },
  };
}

/** Asks for a continuous feed, and reads nothing. */
async function askAndStall(account: PersonalAccount): Promise<Socket> {
  const { hostname, port, pathname } = new URL(account.databaseUrl);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.pause();
  await once(socket, 'connect');
  socket.write(
    `GET ${pathname}/_changes?feed=continuous&include_docs=true&since=0 HTTP/1.1\r\n` +
      `Host: ${hostname}\r\nAuthorization: Bearer ${account.accessToken}\r\n\r\n`,
  );
  return socket;
}

const feedsPour: Answer = (request, response) =>
  request.url?.includes('_changes') === true ? pourLines(response) : response.end('{}');

describe('a feed whose client does not read', () => {
  it('is counted no more when the client goes away', async () => {
    const between = await startBetween(feedsPour, { limits: { requestsPerUser: 2 } });
    const stalled = await Promise.all([askAndStall(between.account), askAndStall(between.account)]);
    await eventually(() => expect(between.engine.asked()).toBe(2));
    // Until the buffers on the way are full and the proxy waits.
    await sleep(700);
    expect((await between.account.own('')).status).toBe(429);
    for (const socket of stalled) socket.destroy();
    await eventually(async () => expect((await between.account.own('')).status).toBe(200), 3000);
    await between.stop();
  });

  it('is cut soon after sign-out', async () => {
    const between = await startBetween(feedsPour);
    const stalled = await askAndStall(between.account);
    await eventually(() => expect(between.engine.asked()).toBe(1));
    await sleep(700);
    expect(await between.connections()).toBe(1);
    const answer = await fetch(`${settee.url}/api/auth/logout`, {
      method: 'POST',
      headers: { authorization: `Bearer ${between.account.accessToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBeLessThan(300);
    await eventually(async () => expect(await between.connections()).toBe(0), 5000);
    stalled.destroy();
    await between.stop();
  });
});

describe('what happens while a request is being let in', () => {
  const query = '/_changes?feed=continuous&since=0&heartbeat=1000';

  it('ends it where the session ends', async () => {
    const { auth, spaces } = settee.services;
    let end = (_id: string): void => {};
    const between = await startBetween(feedsPour, {
      auth: {
        ...auth,
        onSessionEnd(listener) {
          end = listener;
          return () => {};
        },
      },
      spaces: {
        ...spaces,
        async access(userId, database) {
          const access = await spaces.access(userId, database);
          const claims = Buffer.from(between.account.accessToken.split('.')[1] ?? '', 'base64url').toString();
          end((JSON.parse(claims) as { sid: string }).sid);
          return access;
        },
      },
    });
    const answer = await between.account.own(query);
    expect([answer.status, await answer.json()]).toMatchObject([401, { error: 'unauthorized' }]);
    expect(between.engine.asked()).toBe(0);
    await between.stop();
  });

  it('ends it where the membership ends', async () => {
    const { spaces } = settee.services;
    let revoke: RevocationListener = () => {};
    const between = await startBetween(feedsPour, {
      spaces: {
        ...spaces,
        onRevoked(listener) {
          revoke = listener;
          return () => {};
        },
        async access(userId, database) {
          const access = await spaces.access(userId, database);
          void revoke({ spaceId: userId, userId, database, end: 'membership_ended' });
          return access;
        },
      },
    });
    const answer = await between.account.own(query);
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'membership_ended' }]);
    expect(between.engine.asked()).toBe(0);
    await between.stop();
  });

  it('leaves the engine alone where the client has gone', async () => {
    const { auth } = settee.services;
    let waiting = 0;
    const between = await startBetween(feedsPour, {
      auth: {
        ...auth,
        async authenticate(authorization) {
          waiting += 1;
          await sleep(500);
          return auth.authenticate(authorization);
        },
      },
    });
    const socket = await askAndStall(between.account);
    await eventually(() => expect(waiting).toBe(1));
    socket.destroy();
    await eventually(async () => expect(await between.connections()).toBe(0), 300);
    await sleep(700);
    expect(between.engine.asked()).toBe(0);
    await between.stop();
  });
});
