import { describe, expect, it } from 'vitest';
import { rest, type RestAnswer } from '../support/rest-client.ts';
import { useSettee } from '../support/use-settee.ts';
import { callers, type Caller, type SpaceWithData } from './space-roles.ts';
import { useDoor } from './use-door.ts';

const settee = useSettee();
const door = useDoor(settee);
type Kind = 'team' | 'shared' | 'templates';
type Member = 'owner' | 'editor' | 'viewer';
interface Row extends Record<Member, number> {
  target: (space: SpaceWithData) => string;
  body?: unknown;
  /** What a key that only reads is answered. */
  readingKey: number;
}

const flowId = ({ flow }: SpaceWithData): string => flow._id.slice('flow:'.length);
const versionId = ({ version }: SpaceWithData): string => version.slice(version.lastIndexOf(':') + 1);
const runId = ({ execution }: SpaceWithData): string => execution.slice('execution:'.length);
const reads = { owner: 200, editor: 200, viewer: 200, readingKey: 200 };
const owns = { owner: 200, editor: 403, viewer: 403, readingKey: 403 };

const rows: Row[] = [
  { target: (s) => `GET /api/flows/${flowId(s)}`, ...reads },
  { target: (s) => `GET /api/workflows/${flowId(s)}`, ...reads },
  { target: (s) => `GET /api/flows/${flowId(s)}/stats`, ...reads },
  { target: (s) => `GET /api/flows/${flowId(s)}/versions`, ...reads },
  { target: (s) => `GET /api/flows/${flowId(s)}/versions/${versionId(s)}`, ...reads },
  { target: (s) => `GET /api/executions/${runId(s)}`, ...reads },
  { target: (s) => `GET /api/executions/${runId(s)}/logs`, ...reads },
  {
    target: (s) => `PUT /api/flows/${flowId(s)}`,
    body: { category: 'changed' },
    owner: 200,
    editor: 200,
    viewer: 403,
    readingKey: 403,
  },
  {
    target: (s) => `POST /api/flows/${flowId(s)}/versions`,
    body: { changes: 'kept' },
    owner: 201,
    editor: 201,
    viewer: 403,
    readingKey: 403,
  },
  {
    target: (s) => `POST /api/flows/${flowId(s)}/versions/${versionId(s)}/restore`,
    owner: 200,
    editor: 200,
    viewer: 403,
    readingKey: 403,
  },
  {
    target: (s) => `POST /api/flows/${flowId(s)}/duplicate`,
    owner: 201,
    editor: 201,
    viewer: 201,
    readingKey: 403,
  },
  { target: (s) => `DELETE /api/flows/${flowId(s)}`, ...owns },
];

function expected(caller: Caller, kind: Kind, row: Row): number[] {
  if (caller === 'anonymous') return [401];
  if (caller === 'key that executes') return [403];
  // Templates have calls of their own; a flow is only what is in one's own spaces.
  if (kind === 'templates') return caller === 'key that reads' && row.readingKey === 403 ? [403] : [404];
  if (caller === 'key that reads') return [row.readingKey];
  if (caller === 'key that writes') return [row.owner];
  if (caller === 'former member' || caller === 'stranger') return [404];
  return [row[caller]];
}

async function ask(caller: Caller, target: string, body?: unknown): Promise<RestAnswer> {
  const token = door.tokens[caller];
  return rest(settee.url, target, {
    ...(token === null ? {} : { token }),
    ...(body === undefined ? {} : { body }),
  });
}

const cases = (['team', 'shared', 'templates'] as const).flatMap((kind) =>
  callers.map((caller) => ({ kind, caller })),
);

describe('the calls for flows', () => {
  it.each(cases)('give $caller of a $kind space what the role allows', async ({ kind, caller }) => {
    const space = door.spaces[kind];
    const got: unknown[] = [];
    const wanted: unknown[] = [];
    for (const row of rows) {
      const target = row.target(space);
      const { status, body } = await ask(caller, target, row.body);
      const right = expected(caller, kind, row);
      got.push([target, status]);
      wanted.push([target, right.includes(status) ? status : right]);
      if (right.every((each) => each >= 400)) expect(JSON.stringify(body)).not.toContain(space.secret);
      if (target.startsWith('DELETE') && status === 200) {
        const back = await ask(caller, `POST /api/flows/${flowId(space)}/restore`);
        expect([target, back.status]).toEqual([target, 200]);
      }
    }
    expect(got).toEqual(wanted);
  });

  it('list to everybody what he may see, and no more', async () => {
    const sees = async (caller: Caller): Promise<string[]> => {
      const { body } = await ask(caller, 'GET /api/flows?limit=100');
      const text = JSON.stringify(body);
      return (['personal', 'team', 'shared', 'templates'] as const).filter((kind) =>
        text.includes(flowId(door.spaces[kind])),
      );
    };
    const seen = Object.fromEntries(
      await Promise.all(callers.map(async (caller) => [caller, await sees(caller)] as const)),
    );
    expect(seen).toMatchObject({
      owner: expect.arrayContaining(['personal', 'team', 'shared']) as string[],
      editor: expect.arrayContaining(['team', 'shared']) as string[],
      viewer: expect.arrayContaining(['team', 'shared']) as string[],
      anonymous: [],
      'key that executes': [],
    });
    for (const caller of ['editor', 'viewer', 'former member', 'stranger'])
      expect([caller, seen[caller]?.includes('personal')]).toEqual([caller, false]);
    for (const caller of ['former member', 'stranger'])
      expect([caller, seen[caller]?.filter((kind) => kind !== 'templates')]).toEqual([caller, []]);
  });

  it('let nobody but an owner say who else may see a flow', async () => {
    const { stranger } = door.people;
    for (const kind of ['team', 'shared', 'templates'] as const) {
      const id = flowId(door.spaces[kind]);
      for (const caller of [
        'editor',
        'viewer',
        'former member',
        'stranger',
        'key that reads',
        'anonymous',
      ] as const) {
        for (const [target, body] of [
          [`PUT /api/flows/${id}/contributors/${stranger.user.id}`, { role: 'viewer' }],
          [`DELETE /api/flows/${id}/contributors/${door.people.owner.user.id}`, undefined],
          [`PUT /api/flows/${id}`, { visibility: 'public' }],
          [`PUT /api/flows/${id}`, { visibility: 'private' }],
        ] as const) {
          const { status } = await ask(caller, target, body);
          const isRefused = status >= 400 && status < 500;
          // An editor's `visibility` is a wish that changes nothing.
          const isIdle = caller === 'editor' && body !== undefined && 'visibility' in body;
          expect([kind, caller, target, isRefused || isIdle]).toEqual([kind, caller, target, true]);
        }
      }
      expect((await ask('stranger', `GET /api/flows/${id}`)).status).toBe(404);
      expect((await ask('viewer', `GET /api/flows/${id}`)).status).toBe(kind === 'templates' ? 404 : 200);
    }
  });
});
