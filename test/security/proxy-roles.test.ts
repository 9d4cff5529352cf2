import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { proxyRoutes } from '../../server/proxy/route-table.ts';
import { useSettee } from '../support/use-settee.ts';
import { callers, spaceKinds, type Caller, type SpaceKind, type SpaceWithData } from './space-roles.ts';
import { useDoor } from './use-door.ts';

const settee = useSettee();
const door = useDoor(settee);

type Standing = 'writes' | 'reads' | 'was here' | 'unknown' | 'nobody' | 'reads by key' | 'executes by key';

/** What a caller is to a space of a kind; the table of the whole file. */
function standingOf(caller: Caller, kind: SpaceKind): Standing {
  if (caller === 'anonymous') return 'nobody';
  if (kind === 'templates') {
    if (caller === 'key that executes') return 'executes by key';
    return caller === 'key that reads' ? 'reads by key' : 'reads';
  }
  if (caller === 'owner' || caller === 'key that writes') return 'writes';
  if (caller === 'key that reads') return 'reads by key';
  if (caller === 'key that executes') return 'executes by key';
  if (kind === 'personal' || caller === 'stranger') return 'unknown';
  if (caller === 'former member') return 'was here';
  return caller === 'viewer' ? 'reads' : 'writes';
}

interface Try {
  /** As the table of routes names it. */
  route: string;
  path: (space: SpaceWithData) => string;
  json?: (space: SpaceWithData) => unknown;
  text?: string;
  does: 'read' | 'write' | 'delete' | 'ask each document';
  /** What whoever may do it is answered. */
  status: number;
}

const newFlow = ({ flow }: SpaceWithData): object => ({
  ...flow,
  _id: `flow:${randomUUID()}`,
  name: 'new',
});
const missingRevision = `1-${'0'.repeat(32)}`;
const checkpoint = '_local/0123456789ABCDEFGH.._z%3D%3D';

const tries: Try[] = [
  { route: 'GET /:db', path: () => '', does: 'read', status: 200 },
  { route: 'HEAD /:db', path: () => '', does: 'read', status: 200 },
  { route: 'PUT /:db', path: () => '', does: 'read', status: 412 },
  { route: 'GET /:db/_changes', path: () => '/_changes?include_docs=true', does: 'read', status: 200 },
  { route: 'GET /:db/_changes', path: () => '/_changes?feed=longpoll&since=0', does: 'read', status: 200 },
  {
    route: 'POST /:db/_changes',
    path: () => '/_changes?filter=_doc_ids&include_docs=true',
    json: ({ flow }) => ({ doc_ids: [flow._id] }),
    does: 'read',
    status: 200,
  },
  {
    route: 'POST /:db/_revs_diff',
    path: () => '/_revs_diff',
    json: ({ flow }) => ({ [flow._id]: [missingRevision] }),
    does: 'read',
    status: 200,
  },
  {
    route: 'POST /:db/_bulk_get',
    path: () => '/_bulk_get?revs=true',
    json: ({ flow }) => ({ docs: [{ id: flow._id }] }),
    does: 'read',
    status: 200,
  },
  {
    route: 'POST /:db/_bulk_docs',
    path: () => '/_bulk_docs',
    json: (space) => ({ docs: [newFlow(space)] }),
    does: 'ask each document',
    status: 201,
  },
  {
    route: 'POST /:db/_bulk_docs',
    path: () => '/_bulk_docs',
    json: (space) => ({ docs: [{ ...newFlow(space), _rev: `9-${'f'.repeat(32)}` }], new_edits: false }),
    does: 'ask each document',
    status: 201,
  },
  { route: 'GET /:db/_all_docs', path: () => '/_all_docs?include_docs=true', does: 'read', status: 200 },
  {
    route: 'POST /:db/_all_docs',
    path: () => '/_all_docs?include_docs=true',
    json: ({ flow }) => ({ keys: [flow._id] }),
    does: 'read',
    status: 200,
  },
  { route: 'GET /:db/_bootstrap', path: () => '/_bootstrap?since=0', does: 'read', status: 200 },
  { route: 'GET /:db/_local/:checkpoint', path: () => `/${checkpoint}`, does: 'read', status: 404 },
  {
    route: 'PUT /:db/_local/:checkpoint',
    path: () => `/_local/${randomBytes(16).toString('hex')}`,
    json: () => ({ last_seq: 1 }),
    does: 'read',
    status: 201,
  },
  { route: 'GET /:db/:doc', path: ({ flow }) => `/${flow._id}`, does: 'read', status: 200 },
  {
    route: 'GET /:db/:doc',
    path: ({ version }) => `/${version}?revs=true&open_revs=all`,
    does: 'read',
    status: 200,
  },
  { route: 'HEAD /:db/:doc', path: ({ flow }) => `/${flow._id}`, does: 'read', status: 200 },
  {
    route: 'PUT /:db/:doc',
    path: () => '/flow:7f0c1a52-6d83-4f5e-9f3a-2f6f4e1c9a10',
    json: ({ flow }) => ({
      ...flow,
      _id: 'flow:7f0c1a52-6d83-4f5e-9f3a-2f6f4e1c9a10',
      _rev: missingRevision,
    }),
    does: 'write',
    status: 409,
  },
  {
    route: 'DELETE /:db/:doc',
    path: ({ flow }) => `/${flow._id}?rev=${missingRevision}`,
    does: 'delete',
    status: 409,
  },
  { route: 'GET /:db/:doc/:attachment', path: ({ flow }) => `/${flow._id}/a.txt`, does: 'read', status: 200 },
  {
    route: 'PUT /:db/:doc/:attachment',
    path: ({ flow }) => `/${flow._id}/b.txt?rev=${missingRevision}`,
    text: 'x',
    does: 'write',
    status: 409,
  },
  {
    route: 'DELETE /:db/:doc/:attachment',
    path: ({ flow }) => `/${flow._id}/a.txt?rev=${missingRevision}`,
    does: 'write',
    status: 409,
  },
];

/** The status that a standing is answered. */
function expected(standing: Standing, { does, status }: Try): number {
  if (standing === 'nobody') return 401;
  if (standing === 'unknown') return 404;
  if (standing === 'was here' || standing === 'executes by key') return 403;
  if (does === 'read' || standing === 'writes') return status;
  if (does === 'ask each document' && standing === 'reads') return 201;
  return 403;
}

async function send(
  caller: Caller,
  space: SpaceWithData,
  attempt: Try,
): Promise<{ status: number; text: string }> {
  const token = door.tokens[caller];
  const { route, path, json, text } = attempt;
  const body = json ? JSON.stringify(json(space)) : text;
  const answer = await fetch(`${settee.url}/db/${space.database}${path(space)}`, {
    method: route.slice(0, route.indexOf(' ')),
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': json ? 'application/json' : 'text/plain' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, text: await answer.text() };
}

const cases = spaceKinds.flatMap((kind) => callers.map((caller) => ({ kind, caller })));

describe('the proxy', () => {
  it('is asked here by every route that it has', () => {
    const known = new Set(proxyRoutes.map(({ method, path }) => `${method} ${path}`));
    expect([...known].toSorted()).toEqual([...new Set(tries.map(({ route }) => route))].toSorted());
  });

  it.each(cases)('gives $caller of a $kind space what the role allows', async ({ kind, caller }) => {
    const standing = standingOf(caller, kind);
    const space = door.spaces[kind];
    const got: string[] = [];
    const wanted: string[] = [];
    for (const attempt of tries) {
      const { status, text } = await send(caller, space, attempt);
      const line = `${attempt.route} ${attempt.path(space).replace(/[0-9a-f]{32}$/, '…')}`;
      // An engine may say first that an editor may not delete, or that the revision is old.
      const isVerdict =
        attempt.does === 'delete' && caller === 'editor' && standing === 'writes' && status === 403;
      got.push(`${line}: ${isVerdict ? 409 : status}`);
      wanted.push(`${line}: ${expected(standing, attempt)}`);
      const mayRead = ['writes', 'reads', 'reads by key'].includes(standing);
      if (!mayRead) expect(text).not.toContain(space.secret);
      if (standing === 'was here' && text !== '')
        expect(JSON.parse(text)).toMatchObject({ code: 'membership_ended' });
      if (standing === 'unknown' && text !== '')
        expect(JSON.parse(text)).toEqual({ error: 'not_found', reason: 'missing' });
      if (standing === 'reads' && attempt.does === 'ask each document')
        expect(JSON.parse(text)).toMatchObject([{ error: 'forbidden' }]);
    }
    expect(got).toEqual(wanted);
  });

  it.each(spaceKinds)('leaves a %s space as it was, whoever else tried to write', async (kind) => {
    const { database, flow } = door.spaces[kind];
    const main = settee.services.couch.admin<object>(database);
    const { rows } = await main.list({ startkey: 'flow:', endkey: 'flow;' });
    // What the owner, the editor and the owner's key made: two each, where they may.
    const made = { personal: 4, team: 6, shared: 6, templates: 0 }[kind];
    expect(rows.length).toBe(1 + made);
    const stored: object = await main.get(flow._id, { conflicts: true });
    expect(stored).not.toHaveProperty('_conflicts');
  });

  it('knows no month of a space to those who know not the space', async () => {
    const statuses: Record<string, number> = {};
    for (const caller of callers) {
      for (const kind of spaceKinds) {
        const { runs, execution, secret } = door.spaces[kind];
        const token = door.tokens[caller];
        const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
        const answer = await fetch(`${settee.url}/db/${runs}/${execution}`, { headers });
        const text = await answer.text();
        const standing = standingOf(caller, kind);
        statuses[standing] = answer.status;
        expect([caller, kind, text.includes(secret)]).toEqual([caller, kind, answer.status === 200]);
      }
    }
    expect(statuses).toEqual({
      writes: 200,
      reads: 200,
      'reads by key': 200,
      'executes by key': 403,
      'was here': 403,
      unknown: 404,
      nobody: 401,
    });
  });
});
