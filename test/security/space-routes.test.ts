import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rest } from '../support/rest-client.ts';
import { useSettee } from '../support/use-settee.ts';
import { callers, type Caller, type SpaceWithData } from './space-roles.ts';
import { useDoor } from './use-door.ts';

const settee = useSettee();
const door = useDoor(settee);
type Standing = 'owner' | 'editor' | 'viewer' | 'outside' | 'anonymous' | 'reads by key' | 'executes by key';

const standings: Record<Caller, Standing> = {
  owner: 'owner',
  editor: 'editor',
  viewer: 'viewer',
  'former member': 'outside',
  stranger: 'outside',
  anonymous: 'anonymous',
  'key that reads': 'reads by key',
  'key that writes': 'owner',
  'key that executes': 'executes by key',
};

interface Row {
  target: string;
  body?: () => unknown;
  /** What an owner, an editor and a viewer are answered. */
  owner: number;
  editor: number;
  viewer: number;
}

const newcomer = (): unknown => ({ email: `${randomUUID()}@example.org`, role: 'viewer' });
const nobody = randomUUID();

/** Paths below `/api/spaces/:id`; what an owner does here changes nothing that the other rows need. */
const rows: Row[] = [
  { target: 'GET /members', owner: 200, editor: 200, viewer: 200 },
  { target: 'POST /months', body: () => ({ from: '2025-01' }), owner: 204, editor: 403, viewer: 403 },
  { target: 'PATCH ', body: () => ({ name: 'Renamed' }), owner: 200, editor: 403, viewer: 403 },
  { target: 'POST /invitations', body: newcomer, owner: 201, editor: 403, viewer: 403 },
  { target: 'GET /invitations', owner: 200, editor: 403, viewer: 403 },
  { target: `DELETE /invitations/${nobody}`, owner: 404, editor: 403, viewer: 403 },
  {
    target: `PATCH /members/${nobody}`,
    body: () => ({ role: 'owner' }),
    owner: 404,
    editor: 403,
    viewer: 403,
  },
  { target: `DELETE /members/${nobody}`, owner: 404, editor: 403, viewer: 403 },
  { target: 'POST /owner', body: () => ({ userId: nobody }), owner: 404, editor: 403, viewer: 403 },
];

function expected(standing: Standing, row: Row): number[] {
  if (standing === 'anonymous') return [401];
  if (standing === 'executes by key') return [403];
  if (standing === 'outside') return [404];
  if (standing === 'reads by key') return [row.target.startsWith('GET') ? row.owner : 403];
  return [row[standing]];
}

async function ask(caller: Caller, { id }: SpaceWithData, target: string, body?: unknown) {
  const token = door.tokens[caller];
  const [method = '', path = ''] = target.split(' ');
  return rest(settee.url, `${method} /api/spaces/${id}${path}`, {
    ...(token === null ? {} : { token }),
    ...(body === undefined ? {} : { body }),
  });
}

const cases = (['team', 'shared'] as const).flatMap((kind) => callers.map((caller) => ({ kind, caller })));

describe('the calls for spaces', () => {
  it.each(cases)('give $caller of a $kind space what the role allows', async ({ kind, caller }) => {
    const got: unknown[] = [];
    const wanted: unknown[] = [];
    for (const row of rows) {
      const { status, body } = await ask(caller, door.spaces[kind], row.target, row.body?.());
      const right = expected(standings[caller], row);
      got.push([row.target, status]);
      wanted.push([row.target, right.includes(status) ? status : right]);
      if (status === 404 && standings[caller] === 'outside')
        expect(JSON.stringify(body)).not.toContain('A space');
    }
    expect(got).toEqual(wanted);
  });

  it.each(callers)('let %s make nobody a member of a personal space or of the templates', async (caller) => {
    for (const kind of ['personal', 'templates'] as const) {
      const { stranger } = door.people;
      const tries: [string, unknown?][] = [
        ['POST /invitations', { email: stranger.email, role: 'viewer' }],
        [`PATCH /members/${stranger.user.id}`, { role: 'viewer' }],
        ['POST /owner', { userId: stranger.user.id }],
        ['DELETE '],
      ];
      for (const [target, body] of tries) {
        const { status } = await ask(caller, door.spaces[kind], target, body);
        expect([kind, target, [400, 401, 403, 404, 409].includes(status)]).toEqual([kind, target, true]);
      }
    }
    const { personal } = door.spaces;
    expect((await door.people.owner.ask(`/${personal.database}`)).status).toBe(200);
    expect((await door.people.stranger.ask(`/${personal.database}`)).status).toBe(404);
  });

  it('let nobody but an owner raise himself, remove the owner, or delete the space', async () => {
    for (const kind of ['team', 'shared'] as const) {
      const space = door.spaces[kind];
      const ownerId = door.people.owner.user.id;
      for (const caller of ['editor', 'viewer', 'former member', 'stranger'] as const) {
        const self = door.people[caller].user.id;
        const tries: [string, unknown?][] = [
          [`PATCH /members/${self}`, { role: 'owner' }],
          [`PATCH /members/${ownerId}`, { role: 'viewer' }],
          [`DELETE /members/${ownerId}`],
          ['POST /owner', { userId: self }],
          ['DELETE '],
        ];
        for (const [target, body] of tries) {
          const { status } = await ask(caller, space, target, body);
          expect([caller, target, [403, 404].includes(status)]).toEqual([caller, target, true]);
        }
      }
      const { body } = await ask('owner', space, 'GET /members');
      const roles = (body.members as { userId: string; role: string }[]).map(({ userId, role }) => [
        userId,
        role,
      ]);
      expect(new Map(roles as [string, string][])).toEqual(
        new Map([
          [ownerId, 'owner'],
          [door.people.editor.user.id, 'editor'],
          [door.people.viewer.user.id, 'viewer'],
        ]),
      );
    }
  });

  it('keep one owner, whoever leaves or is lowered', async () => {
    const { team } = door.spaces;
    const ownerId = door.people.owner.user.id;
    for (const [target, body] of [
      [`DELETE /members/${ownerId}`, undefined],
      [`PATCH /members/${ownerId}`, { role: 'viewer' }],
    ] as const) {
      const answer = await ask('owner', team, target, body);
      expect([target, answer.status, answer.body?.code]).toEqual([target, 409, 'last_owner']);
    }
  });

  it('give an export to owners, whole, and to nobody else', async () => {
    const { team } = door.spaces;
    for (const caller of callers) {
      const { status, body } = await ask(caller, team, 'GET /export');
      const text = JSON.stringify(body);
      const may = ['owner', 'reads by key'].includes(standings[caller]);
      expect([caller, status === 200, text.includes(team.secret)]).toEqual([caller, may, may]);
    }
  });
});
