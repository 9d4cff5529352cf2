import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { outcome, rest } from '../../support/rest-client.ts';
import { startSettee, type StartSetteeOptions, type TestSettee } from '../../support/settee.ts';
import { createLive, type Live, type LiveOptions } from '../../../server/live/live.ts';
import type { SetteeError } from '../../../server/errors.ts';
import { createLog } from '../../../server/log.ts';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isEvent, openLive } from './open-live.ts';

let settee: TestSettee;
const started: { live: Live; server: Server }[] = [];

async function start(options: StartSetteeOptions = {}): Promise<void> {
  settee = await startSettee(options);
}

/** A stream's server of its own over the services, for tests that change its limits. */
async function startLive(limits: LiveOptions['limits'], changes: Partial<LiveOptions> = {}): Promise<string> {
  const live = createLive({
    ...settee.services,
    sequenceOf: () => Promise.resolve(null),
    log: createLog({ level: 'silent' }),
    limits: { ...limits },
    ...changes,
  });
  const server = createServer((request, response) => {
    live.open(request, response, {}).catch((error: unknown) => {
      const { status, code } = error as SetteeError;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  started.push({ live, server });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  for (const { live, server } of started.splice(0)) {
    await live.close();
    server.closeAllConnections();
    server.close();
  }
  await settee.stop();
});

describe('a stream is refused', () => {
  it('to whoever is not signed in, or may not read', async () => {
    await start();
    const account = await settee.register();
    expect(outcome(await rest(settee.url, 'GET /live'))).toBe('401 unauthorized');
    expect(outcome(await rest(settee.url, 'GET /live', { token: 'x.y.z' }))).toBe('401 unauthorized');
    const body = { name: 'runner', scopes: ['execute'] };
    const made = await rest(settee.url, 'POST /api/keys', { token: account.accessToken, body });
    const key = Object.values(made.body as object).find((value) =>
      String(value).startsWith('stk_'),
    ) as string;
    expect(outcome(await rest(settee.url, 'GET /live', { token: key }))).toBe('403 insufficient_scope');
    await rest(settee.url, 'POST /api/auth/logout', { token: account.accessToken, body: {} });
    const { accessToken: token } = account;
    expect(outcome(await rest(settee.url, 'GET /live', { token }))).toBe('401 session_ended');
  });

  it('to other methods and other paths', async () => {
    await start();
    const { accessToken: token } = await settee.register();
    const posted = await rest(settee.url, 'POST /live', { token, body: {} });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
    expect(outcome(await rest(settee.url, 'GET /live/x', { token }))).toBe('404 not_found');
  });

  it('to a user who has too many open, with words and a time', async () => {
    await start({ config: { liveStreamsPerUser: 2 } });
    const { accessToken: token } = await settee.register();
    const [one, two] = [await openLive(settee.url, { token }), await openLive(settee.url, { token })];
    const refused = await rest(settee.url, 'GET /live', { token });
    expect(outcome(refused)).toBe('429 rate_limited');
    expect(refused.body.message).toContain('2 live streams');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const { accessToken: another } = await settee.register();
    const others = await openLive(settee.url, { token: another });
    expect(others.status).toBe(200);
    one.close();
    await expect
      .poll(async () => {
        const next = await openLive(settee.url, { token });
        if (next.status === 200) await next.next(isEvent('hello'));
        next.close();
        return next.status;
      })
      .toBe(200);
    two.close();
    others.close();
  });

  it('to a user who opens one after another without a pause', async () => {
    await start();
    const url = await startLive({ opensPerMinute: 3 });
    const { accessToken: token } = await settee.register();
    for (let count = 0; count < 3; count += 1) (await openLive(url, { token })).close();
    expect(outcome(await rest(url, 'GET /live', { token }))).toBe('429 rate_limited');
  });
});

describe('whoever is refused again and again', () => {
  it('meets the limit of his address, as at every other call', async () => {
    const rateLimits = { windowSeconds: 60, signIn: 0, general: 3, replication: 0 };
    await start({ config: { rateLimits } });
    for (let count = 0; count < 3; count += 1) {
      expect(outcome(await rest(settee.url, 'GET /live'))).toBe('401 unauthorized');
    }
    expect(outcome(await rest(settee.url, 'GET /live'))).toBe('429 rate_limited');
  });
});

describe('a stream ends', () => {
  it('when its session does, and says so', async () => {
    await start();
    const { accessToken: token } = await settee.register();
    const stream = await openLive(settee.url, { token });
    await stream.next(isEvent('hello'));
    await rest(settee.url, 'POST /api/auth/logout', { token, body: {} });
    expect((await stream.next(isEvent('end'))).data).toEqual({ code: 'session_ended' });
    await stream.ended;
  });

  it('when its token does, and says so before', async () => {
    await start({ config: { accessTokenSeconds: 3 } });
    const { accessToken: token } = await settee.register();
    const stream = await openLive(settee.url, { token });
    const { at } = (await stream.next(isEvent('expiring'))).data as { at: string };
    expect(Date.parse(at)).toBeGreaterThan(Date.now());
    expect((await stream.next(isEvent('end'))).data).toEqual({ code: 'token_expired' });
    await stream.ended;
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(at));
  });

  it('when the server stops, with a time to come back at', async () => {
    await start();
    const { accessToken: token } = await settee.register();
    const other = await settee.startAnother();
    const streams = [await openLive(other.url, { token }), await openLive(other.url, { token })];
    for (const stream of streams) await stream.next(isEvent('hello'));
    await other.close();
    const times = await Promise.all(
      streams.map(async (stream) => {
        await stream.ended;
        return (await stream.next(isEvent('shutdown'))).data.retryMilliseconds as number;
      }),
    );
    for (const time of times) {
      expect(time).toBeGreaterThanOrEqual(500);
      expect(time).toBeLessThanOrEqual(5000);
    }
    expect(new Set(times).size).toBe(2);
  });
});

describe('a browser that lost its connection', () => {
  it('comes back although its old stream is not known to be dead', async () => {
    await start({ config: { liveStreamsPerUser: 2 } });
    const { accessToken: token } = await settee.register();
    const headers = { 'x-settee-device': randomUUID() };
    const old = await openLive(settee.url, { token, headers });
    await old.next(isEvent('hello'));
    const elsewhere = await openLive(settee.url, { token });
    await elsewhere.next(isEvent('hello'));
    const again = await openLive(settee.url, { token, headers });
    expect(again.status).toBe(200);
    await old.ended;
    await again.next(isEvent('hello'));
    again.close();
    elsewhere.close();
  });
});

describe('heartbeats', () => {
  it('come from one timer, and carry the latest id', async () => {
    await start();
    const url = await startLive({ heartbeatSeconds: 1 });
    const { accessToken: token } = await settee.register();
    const stream = await openLive(url, { token });
    const hello = await stream.next(isEvent('hello'));
    settee.services.doorbell.ring(`${settee.config.databasePrefix}space-elsewhere`, { source: 'server' });
    await expect.poll(() => stream.heartbeats()).toBeGreaterThan(1);
    expect(stream.lastId()).not.toBe(hello.id);
    expect(stream.events.map(({ event }) => event)).toEqual(['hello']);
    stream.close();
  });
});

describe('while the directory is not followed', () => {
  it('members are looked up for each hint', async () => {
    await start();
    const { spaces } = settee.services;
    const [owner, member] = [await settee.register(), await settee.register()];
    const { id, database } = await spaces.createSpace({
      kind: 'team',
      name: 'Team',
      owner: owner.user.id,
      members: { [member.user.id]: 'editor' },
    });
    const lost = new Set<string>();
    // News do not arrive here, and whoever asks is told what holds now.
    const url = await startLive(
      {},
      {
        spaces: {
          ...spaces,
          isFresh: () => false,
          onRevoked: () => () => {},
          onMembership: () => () => {},
          access: async (userId, name) => (lost.has(userId) ? null : spaces.access(userId, name)),
        },
      },
    );
    const open = (token: string) => openLive(url, { token });
    const [first, second] = [await open(owner.accessToken), await open(member.accessToken)];
    for (const stream of [first, second]) await stream.next(isEvent('hello'));
    lost.add(member.user.id);
    settee.services.doorbell.ring(database, { source: 'server' });
    await first.next(isEvent('hint', { space: id }));
    await second.quiet();
    expect(second.events.map(({ event }) => event)).toEqual(['hello']);
    first.close();
    second.close();
  });
});
