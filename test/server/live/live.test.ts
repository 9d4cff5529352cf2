import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeFlowDocuments } from '../../support/flows.ts';
import { rest } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import { engineFetch } from '../couch/open-couch.ts';
import { registerPersonal, type PersonalAccount } from '../proxy/personal-account.ts';
import { isEvent, openLive, type TestStream } from './open-live.ts';

const settee = useSettee({ config: { corsOrigins: ['https://studio.example.org'] } });

let seed = 0;
function nextFlow(): { _id: string } {
  seed += 1;
  const [flow] = makeFlowDocuments({ seed, count: 1, size: 1500 });
  return flow as { _id: string };
}

async function openFor(account: PersonalAccount, lastEventId?: string): Promise<TestStream> {
  const token = account.accessToken;
  const stream = await openLive(settee.url, { token, ...(lastEventId === undefined ? {} : { lastEventId }) });
  await stream.next(isEvent(lastEventId === undefined ? 'hello' : 'resumed'));
  return stream;
}

const write = (account: PersonalAccount, flow = nextFlow()): Promise<Response> =>
  account.own(`/${flow._id}`, { method: 'PUT', json: flow });

describe('a stream', () => {
  it('begins with the spaces of the user', async () => {
    const account = await registerPersonal(settee);
    const stream = await openLive(settee.url, { token: account.accessToken });
    expect(stream.status).toBe(200);
    const hello = await stream.next(() => true);
    expect(hello).toMatchObject({ event: 'hello', data: { heartbeatSeconds: 15 } });
    expect(hello.data.spaces).toContainEqual({
      id: account.user.id,
      role: 'owner',
      database: account.database,
    });
    expect(hello.id?.split('-')[0]).toBe(hello.data.bootId);
    stream.close();
  });

  it('is never kept, held back or run as a page on the way', async () => {
    const account = await registerPersonal(settee);
    const headers = { origin: 'https://studio.example.org' };
    const stream = await openLive(settee.url, { token: account.accessToken, headers });
    expect(Object.fromEntries(stream.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': 'https://studio.example.org',
    });
    stream.close();
  });

  it('answers the question that browsers ask before they send a token to another origin', async () => {
    const answer = await fetch(`${settee.url}/live`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://studio.example.org',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization,last-event-id',
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('Last-Event-ID');
  });
});

describe('a hint', () => {
  it('comes for writes through the proxy, by REST and beside the server, to the space’s members alone', async () => {
    const [account, stranger] = [await registerPersonal(settee), await registerPersonal(settee)];
    const [stream, away] = [await openFor(account), await openFor(stranger)];
    const expected = { space: account.user.id, database: account.database };
    const hints = (): unknown[] => stream.events.filter(({ event }) => event === 'hint');

    await write(account);
    expect((await stream.next(isEvent('hint'))).data).toEqual(expected);

    const before = hints().length;
    const body = { name: 'By REST', flow: { nodes: [], edges: [] } };
    const token = account.accessToken;
    expect((await rest(settee.url, 'POST /api/flows', { token, body })).status).toBe(201);
    await expect.poll(() => hints().length).toBeGreaterThan(before);

    await stream.quiet();
    const earlier = hints().length;
    const flow = nextFlow();
    const path = `/${account.database}/${encodeURIComponent(flow._id)}`;
    expect((await engineFetch(settee.engineUrl, path, { method: 'PUT', body: flow })).status).toBe(201);
    await expect.poll(() => hints().length).toBeGreaterThan(earlier);

    await write(stranger);
    await away.next(isEvent('hint', { space: stranger.user.id }));
    expect(away.events.filter(({ data }) => data.space === account.user.id)).toEqual([]);
    expect(stream.events.filter(({ data }) => data.space === stranger.user.id)).toEqual([]);
    stream.close();
    away.close();
  });

  it('does not come for checkpoints', async () => {
    const account = await registerPersonal(settee);
    const stream = await openFor(account);
    const checkpoint = { method: 'PUT', json: { session_id: randomUUID() } };
    expect((await account.own('/_local/0123456789ABCDEFGH.._z%3D%3D', checkpoint)).status).toBe(201);
    await stream.quiet();
    expect(stream.events.map(({ event }) => event)).toEqual(['hello']);
    stream.close();
  });

  it('comes once for one write, although the engine reports it as well', async () => {
    const account = await registerPersonal(settee);
    const stream = await openFor(account);
    await write(account);
    await stream.next(isEvent('hint'));
    await stream.quiet();
    expect(stream.events.map(({ event }) => event)).toEqual(['hello', 'hint']);
    stream.close();
  });

  it('stands for a whole burst of writes, the last one included', async () => {
    const account = await registerPersonal(settee);
    const stream = await openFor(account);
    const writes = 60;
    let seen = 0;
    for (let count = 0; count < writes; count += 1) {
      expect((await write(account)).status).toBe(201);
      seen = stream.events.length;
    }
    const sequence = async (): Promise<unknown> =>
      ((await (await account.own('/')).json()) as { update_seq: unknown }).update_seq;
    const last = await sequence();
    // After the last write there is a hint, and whoever looks then sees everything.
    await stream.next((event) => stream.events.indexOf(event) >= seen);
    expect(await sequence()).toEqual(last);
    stream.close();
  });
});

describe('a stream that comes back', () => {
  it('goes on where it broke, with what was missed', async () => {
    const account = await registerPersonal(settee);
    const broken = await openFor(account);
    await write(account);
    const { id } = await broken.next(isEvent('hint'));
    await broken.quiet();
    broken.close();
    await broken.ended;
    await write(account);
    const stream = await openFor(account, id);
    expect((await stream.next(isEvent('hint'))).data).toEqual({
      space: account.user.id,
      database: account.database,
    });
    expect(stream.events.filter(({ event }) => event === 'hello')).toEqual([]);
    await stream.quiet();
    const latest = stream.lastId();
    stream.close();
    const query = `?lastEventId=${latest}`;
    const again = await openLive(settee.url, { token: account.accessToken, query });
    await again.next(isEvent('resumed'));
    await again.quiet();
    expect(again.events.map(({ event }) => event)).toEqual(['resumed']);
    again.close();
  });

  it('gets the full list where the id is of another process, of the future or none', async () => {
    const account = await registerPersonal(settee);
    const { id } = await (await openFor(account)).next(isEvent('hello'));
    const [boot = '', count] = (id ?? '').split('-');
    const foreign = [`${boot.replace(/./, 'z')}-${count}`, `${boot}-999999999`, `${boot}-`, 'nonsense', ''];
    for (const lastEventId of foreign) {
      const stream = await openLive(settee.url, { token: account.accessToken, lastEventId });
      expect((await stream.next(() => true)).event).toBe('hello');
      stream.close();
    }
  });

  it('gets the full list where its memberships changed meanwhile', async () => {
    const [account, friend] = [await registerPersonal(settee), await registerPersonal(settee)];
    const broken = await openFor(account);
    const { id } = await broken.next(isEvent('hello'));
    broken.close();
    const owner = friend.user.id;
    const members = { [account.user.id]: 'viewer' } as const;
    const space = await settee.services.spaces.createSpace({ kind: 'team', name: 'Team', owner, members });
    const stream = await openLive(settee.url, { token: account.accessToken, lastEventId: id ?? '' });
    const hello = await stream.next(() => true);
    expect(hello.event).toBe('hello');
    expect(hello.data.spaces).toContainEqual({ id: space.id, role: 'viewer', database: space.database });
    stream.close();
  });
});

describe('news of memberships', () => {
  it('come as granted, role and revoked, and hints follow them', async () => {
    const [account, friend] = [await registerPersonal(settee), await registerPersonal(settee)];
    const { spaces } = settee.services;
    const owner = friend.user.id;
    const { id, database } = await spaces.createSpace({ kind: 'team', name: 'Team', owner });
    const stream = await openFor(account);
    const userId = account.user.id;
    const put = (flow: { _id: string }): Promise<Response> =>
      friend.ask(`/${database}/${flow._id}`, { method: 'PUT', json: flow });

    await spaces.addMember(id, { userId, role: 'editor' }, owner);
    expect((await stream.next(isEvent('granted'))).data).toEqual({ space: id, role: 'editor' });
    expect((await put(nextFlow())).status).toBe(201);
    expect((await stream.next(isEvent('hint', { space: id }))).data.database).toBe(database);

    await spaces.setRole(id, { userId, role: 'viewer' }, owner);
    expect((await stream.next(isEvent('role'))).data).toEqual({ space: id, role: 'viewer' });
    await stream.quiet();
    const seen = stream.events.length;
    expect((await put(nextFlow())).status).toBe(201);
    await stream.next(
      (event) => stream.events.indexOf(event) >= seen && isEvent('hint', { space: id })(event),
    );

    await spaces.removeMember(id, userId, owner);
    expect((await stream.next(isEvent('revoked'))).data).toEqual({ space: id, code: 'membership_ended' });
    stream.close();
  });
});
