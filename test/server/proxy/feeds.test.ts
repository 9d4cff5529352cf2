import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverDatabaseName } from '../../../schema/index.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';
import { startEngineWire } from './engine-wire.ts';
import { eventually, localPouch, registerPersonal, remotePouch, startProxy } from './personal-account.ts';

let settee: TestSettee;
/** A server whose tokens are over soon. */
let hasty: TestSettee;
const tokenSeconds = 3;

beforeAll(async () => {
  settee = await startSettee();
  hasty = await startSettee({ config: { accessTokenSeconds: tokenSeconds } });
});

afterAll(() => Promise.all([settee.stop(), hasty.stop()]));

async function post(path: string, body: unknown, token?: string, server = settee): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

describe('an open feed', () => {
  it('ends within 5 s of sign-out, as a long poll and as a continuous one', async () => {
    const account = await registerPersonal(settee);
    const { update_seq: since } = (await (await account.own('/')).json()) as { update_seq: string | number };
    const query = `since=${encodeURIComponent(String(since))}&heartbeat=1000`;
    const longpoll = account.own(`/_changes?feed=longpoll&${query}`);
    const continuous = account.own(`/_changes?feed=continuous&${query}`);
    const texts = [longpoll, continuous].map((feed) => feed.then((answer) => answer.text()));
    await Promise.race([
      Promise.all([longpoll, continuous]),
      new Promise((resolve) => setTimeout(resolve, 1000)),
    ]);
    expect((await post('/api/auth/logout', {}, account.accessToken)).status).toBeLessThan(300);
    const [polled = '', streamed = ''] = await within(5000, Promise.all(texts));
    const body = JSON.parse(polled) as { last_seq?: unknown; error?: string };
    if (body.error === undefined) expect(body).toMatchObject({ results: [], last_seq: since });
    else expect(body.error).toBe('unauthorized');
    expect(streamed.trim() === '' || streamed.includes('unauthorized')).toBe(true);
    const next = await account.own('/_changes');
    expect([next.status, await next.json()]).toMatchObject([401, { error: 'unauthorized' }]);
  });

  it('ends when its API key is deleted', async () => {
    const account = await registerPersonal(settee);
    const made = (await (
      await post('/api/keys', { name: 'reader', scopes: ['read'] }, account.accessToken)
    ).json()) as {
      id: string;
      token?: string;
      key?: string;
    };
    const token = Object.values(made).find((value) => typeof value === 'string' && value.startsWith('stk_'));
    const feed = account.own('/_changes?feed=continuous&since=now&heartbeat=1000', { token: String(token) });
    const answer = await within(5000, feed);
    expect(answer.status).toBe(200);
    const deleted = await fetch(`${settee.url}/api/keys/${made.id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${account.accessToken}` },
    });
    expect(deleted.status).toBeLessThan(300);
    await within(5000, answer.text());
  });

  it('is completed, not broken off, when the token runs out', async () => {
    const account = await registerPersonal(hasty);
    const { update_seq: since } = (await (await account.own('/')).json()) as { update_seq: string | number };
    const feed = await account.own(
      `/_changes?feed=longpoll&heartbeat=1000&since=${encodeURIComponent(String(since))}`,
    );
    const body = await within((tokenSeconds + 5) * 1000, feed.json());
    expect(body).toEqual({ results: [], last_seq: since, pending: 0 });
  });

  it('lets a PouchDB that renews its token in fetch go on without an error', async () => {
    const account = await registerPersonal(hasty);
    let { accessToken, refreshToken } = account;
    let renewals = 0;
    const token = async (): Promise<string> => {
      const { exp } = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as {
        exp: number;
      };
      if (exp * 1000 > Date.now() + 500) return accessToken;
      const answer = await post('/api/auth/refresh', { refreshToken }, undefined, hasty);
      ({ accessToken, refreshToken } = (await answer.json()) as typeof account);
      renewals += 1;
      return accessToken;
    };
    const local = localPouch();
    const troubles: unknown[] = [];
    const replication = local.replicate
      .from(remotePouch(account.databaseUrl, token), { live: true, retry: true })
      .on('error', (error) => troubles.push(error))
      .on('paused', (error) => {
        if (error) troubles.push(error);
      });
    const flows: { _id: string }[] = makeFlowDocuments({ seed: 1, count: 3, size: 6000 });
    for (const flow of flows) {
      await new Promise((resolve) => setTimeout(resolve, (tokenSeconds + 1) * 1000));
      await remotePouch(account.databaseUrl, token).put(flow);
      await eventually(() => local.get(flow._id));
    }
    expect(troubles).toEqual([]);
    expect(renewals).toBeGreaterThanOrEqual(2);
    replication.cancel();
    await local.destroy();
  }, 60_000);

  it('ends when the membership ends, and its user may ask no more', async () => {
    const account = await registerPersonal(settee);
    const feed = await account.own('/_changes?feed=continuous&since=0&heartbeat=1000');
    expect(feed.status).toBe(200);
    const directory = settee.services.couch.admin<{ members: object }>(
      serverDatabaseName('directory', settee.config.databasePrefix),
    );
    const space = await directory.get(`space:${account.user.id}`);
    await directory.insert({ ...space, members: {} });
    await within(5000, feed.text());
    await eventually(async () => expect((await account.own('/_changes')).status).toBe(404), 5000);
  });

  it('is dropped at the engine when its client goes away', async () => {
    const wire = await startEngineWire(settee.engineUrl);
    const over = await startProxy(settee, { couch: { ...settee.services.couch, origin: wire.origin } });
    const account = await registerPersonal(settee, over.url);
    const controller = new AbortController();
    const feed = await account.own('/_changes?feed=continuous&since=0&heartbeat=1000', {
      signal: controller.signal,
    });
    expect(feed.status).toBe(200);
    expect(wire.open()).toBe(1);
    controller.abort();
    await feed.text().catch(() => {});
    await eventually(() => expect(wire.open()).toBe(0), 3000);
    await over.stop();
    await wire.close();
  });

  it('ends when the server stops', async () => {
    const over = await startProxy(settee);
    const account = await registerPersonal(settee, over.url);
    const feed = await account.own('/_changes?feed=continuous&since=0&heartbeat=1000');
    const text = feed.text();
    await within(3000, over.stop());
    expect(await text).toMatch(/^\s*(?:\{.*\}\s*)*$/);
  });
});
