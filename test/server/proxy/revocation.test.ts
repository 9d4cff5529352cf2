import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { boundless } from '../../../server/spaces/quota.ts';
import type { Role, Space } from '../../../server/spaces/spaces.ts';
import type { RunningServer } from '../../../server/start-server.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import type { TestAccount } from '../../support/settee.ts';
import { useSettee } from '../../support/use-settee.ts';
import { isEvent, openLive } from '../live/open-live.ts';
import { eventually, startProxy } from './personal-account.ts';
import { startScriptedEngine } from './scripted-engine.ts';

const settee = useSettee();
/** A second process, as far as anything but memory is concerned. */
let other: RunningServer;

beforeAll(async () => {
  other = await settee.startAnother();
});

interface Team {
  space: Space;
  owner: TestAccount;
  member: TestAccount;
  /** Asks below the team's database, at one of the servers. */
  ask(at: string, path: string, init?: RequestInit & { as?: TestAccount }): Promise<Response>;
  remove(): Promise<void>;
  setRole(role: Role): Promise<void>;
}

async function makeTeam(role: Role): Promise<Team> {
  const { spaces } = settee.services;
  const [owner, member] = [await settee.register(), await settee.register()];
  const space = await spaces.createSpace({
    kind: 'team',
    name: 'Team',
    owner: owner.user.id,
    members: { [member.user.id]: role },
  });
  return {
    space,
    owner,
    member,
    ask: (at, path, { as = member, ...init } = {}) =>
      fetch(`${at}/db/${space.database}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${as.accessToken}`, 'content-type': 'application/json' },
      }),
    remove: () => spaces.removeMember(space.id, member.user.id, owner.user.id),
    setRole: (next) => spaces.setRole(space.id, { userId: member.user.id, role: next }, owner.user.id),
  };
}

const someFlows = (seed: number, count = 1): { _id: string }[] =>
  makeFlowDocuments({ seed, count, size: 1500 });

/** A `_bulk_docs` of which the end is still to come. */
function beginUpload(at: string, { space, member }: Team, docs: object[]) {
  const upload: ClientRequest = request(`${at}/db/${space.database}/_bulk_docs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${member.accessToken}`, 'content-type': 'application/json' },
  });
  upload.on('error', () => {});
  const answer = (once(upload, 'response') as Promise<[IncomingMessage]>).then(async ([response]) => {
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode, body: JSON.parse(text) as Record<string, unknown> };
  });
  upload.write(`{"docs":[${docs.map((document) => JSON.stringify(document)).join()}`);
  return { answer, finish: () => upload.end(']}') };
}

/** Resolves when the server has such an upload in flight: it holds a turn at the engine. */
const underWay = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));

describe.each([
  ['the process that removes him', () => settee.url],
  ['another process', () => other.url],
])('a removed member at %s', (_name, urlOf) => {
  it('loses feeds and uploads in flight, and is told why from then on', async () => {
    const at = urlOf();
    const team = await makeTeam('editor');
    const continuous = await team.ask(at, '/_changes?feed=continuous&since=0&heartbeat=1000');
    const longpoll = team.ask(at, '/_changes?feed=longpoll&since=now&heartbeat=1000');
    const [flow] = someFlows(1) as [{ _id: string }];
    const upload = beginUpload(at, team, [flow]);
    await underWay();
    await team.remove();
    expect(await upload.answer).toMatchObject({
      status: 403,
      body: { error: 'forbidden', code: 'membership_ended' },
    });
    upload.finish();
    await continuous.text();
    await longpoll.then((answer) => answer.text()).catch(() => 'cut');
    const later = await team.ask(at, '/_all_docs');
    expect([later.status, await later.json()]).toMatchObject([
      403,
      { error: 'forbidden', code: 'membership_ended' },
    ]);
    const found = await team.ask(at, `/${flow._id}`, { as: team.owner });
    expect(found.status).toBe(404);
  });

  it('gets no further hint of the space on an open stream', async () => {
    const at = urlOf();
    const team = await makeTeam('editor');
    const stream = await openLive(at, { token: team.member.accessToken });
    await stream.next(isEvent('hello'));
    const [before, after] = someFlows(2, 2) as [{ _id: string }, { _id: string }];
    const put = ({ _id, ...flow }: { _id: string }): Promise<Response> =>
      team.ask(at, `/${_id}`, { method: 'PUT', body: JSON.stringify(flow), as: team.owner });
    expect((await put(before)).status).toBe(201);
    await stream.next(isEvent('hint', { space: team.space.id }));
    await team.remove();
    await stream.next(isEvent('revoked', { space: team.space.id, code: 'membership_ended' }));
    const seen = stream.events.length;
    expect((await put(after)).status).toBe(201);
    // A hint of his own space, written later, shows that one of the other would have come by now.
    const { services } = settee;
    const personal = services.spaces.open<object>(await services.spaces.personal(team.member.user.id));
    const [own] = someFlows(3) as [{ _id: string }];
    await personal.insert(own, own._id);
    await stream.next(
      (event) => event.data.space === team.member.user.id && stream.events.indexOf(event) >= seen,
    );
    expect(stream.events.slice(seen).filter(({ data }) => data.space === team.space.id)).toEqual([]);
    stream.close();
  });
});

describe.each([
  ['the process that lowers him', () => settee.url],
  ['another process', () => other.url],
])('a member who becomes a viewer at %s', (_name, urlOf) => {
  it('loses uploads in flight, reads on, and is refused each document from then on', async () => {
    const at = urlOf();
    const team = await makeTeam('editor');
    const { last_seq: since } = (await (await team.ask(at, '/_changes')).json()) as {
      last_seq: string | number;
    };
    const feed = team.ask(
      at,
      `/_changes?feed=longpoll&heartbeat=1000&since=${encodeURIComponent(String(since))}`,
    );
    const [flow] = someFlows(4) as [{ _id: string }];
    const upload = beginUpload(at, team, [flow]);
    await underWay();
    await team.setRole('viewer');
    expect((await upload.answer).status).toBe(503);
    upload.finish();
    // Completed as one in which nothing happened, so that a live replication goes on.
    expect(await (await feed).json()).toMatchObject({ results: [], last_seq: since });
    const again = await team.ask(at, '/_bulk_docs', {
      method: 'POST',
      body: JSON.stringify({ docs: [flow] }),
    });
    expect([again.status, await again.json()]).toMatchObject([
      201,
      [
        {
          id: flow._id,
          error: 'forbidden',
          reason: expect.stringMatching(/^Your role in this space is viewer/) as string,
        },
      ],
    ]);
    const single = await team.ask(at, `/${flow._id}`, { method: 'PUT', body: JSON.stringify(flow) });
    expect([single.status, await single.json()]).toMatchObject([
      403,
      { error: 'forbidden', code: 'read_only' },
    ]);
    expect((await team.ask(at, `/${flow._id}`, { method: 'DELETE' })).status).toBe(403);
    expect((await team.ask(at, '/_all_docs')).status).toBe(200);
  });
});

describe('a write that the engine has whole', () => {
  it('is waited for: the removal is answered when it can be stored no more', async () => {
    let store = (): void => {};
    let stored = false;
    const engine = await startScriptedEngine((incoming, response) => {
      incoming.resume();
      incoming.on('end', () => {
        store = () => {
          stored = true;
          response.writeHead(201, { 'content-type': 'application/json' }).end('[]');
        };
      });
    });
    const over = await startProxy(settee, { couch: { ...settee.services.couch, origin: engine.origin } });
    const team = await makeTeam('editor');
    const writing = fetch(`${over.url}/${team.space.database}/_bulk_docs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${team.member.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ docs: someFlows(5) }),
    });
    await eventually(() => expect(engine.asked()).toBe(1));
    await underWay();
    let removed = false;
    const removing = team.remove().then(() => (removed = true));
    await eventually(async () =>
      expect(await settee.services.spaces.access(team.member.user.id, team.space.database)).toBeNull(),
    );
    await underWay();
    expect([removed, stored]).toEqual([false, false]);
    store();
    await removing;
    expect((await writing).status).toBe(201);
    await over.stop();
    await engine.close();
  });
});

describe('a write that is on its way to the engine when the membership ends', () => {
  it('never gets there, and what is wrong with it troubles nobody', async () => {
    const engine = await startScriptedEngine((_request, response) => response.end('[]'));
    const team = await makeTeam('editor');
    const over = await startProxy(settee, {
      couch: { ...settee.services.couch, origin: engine.origin },
      quota: {
        async room() {
          await team.remove();
          return boundless;
        },
      },
    });
    for (const body of [JSON.stringify({ docs: someFlows(6) }), '{"docs":']) {
      const answer = await fetch(`${over.url}/${team.space.database}/_bulk_docs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${team.member.accessToken}`, 'content-type': 'application/json' },
        body,
      });
      expect([answer.status, await answer.json()]).toMatchObject([403, { code: 'membership_ended' }]);
      await settee.services.spaces.addMember(
        team.space.id,
        { userId: team.member.user.id, role: 'editor' },
        team.owner.user.id,
      );
    }
    expect(engine.asked()).toBe(0);
    await over.stop();
    await engine.close();
  });
});

describe('a deleted space', () => {
  it('is gone for those who were in it, and unknown to others', async () => {
    const team = await makeTeam('editor');
    const stream = await openLive(other.url, { token: team.member.accessToken });
    await stream.next(isEvent('hello'));
    await settee.services.spaces.removeSpace(team.space.id, team.owner.user.id);
    await stream.next(isEvent('revoked', { space: team.space.id, code: 'space_deleted' }));
    await eventually(async () => {
      const stranger = await team.ask(other.url, '/_changes', { as: await settee.register() });
      expect(stranger.status).toBe(404);
      expect([403, 404]).toContain((await team.ask(other.url, '/_changes')).status);
    });
    stream.close();
  });
});
