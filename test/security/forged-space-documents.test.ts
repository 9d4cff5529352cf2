import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isIntactVersion, makeVersion } from '../../flow/index.ts';
import { parseDatabaseName, type FlowDocument } from '../../schema/index.ts';
import { rest } from '../support/rest-client.ts';
import { useSettee } from '../support/use-settee.ts';
import type { PersonalAccount } from '../server/proxy/personal-account.ts';
import type { SpaceWithData } from './space-roles.ts';
import { useDoor } from './use-door.ts';

const settee = useSettee();
const door = useDoor(settee);
type Writer = 'owner' | 'editor' | 'viewer';
interface Result {
  id?: string;
  error?: string;
  reason?: string;
}

const writers: Writer[] = ['owner', 'editor', 'viewer'];
const shared = ['team', 'shared'] as const;
const forged = `9-${'f'.repeat(32)}`;

async function push(
  who: PersonalAccount,
  database: string,
  docs: object[],
  newEdits = false,
): Promise<Result[]> {
  const json = { docs, new_edits: newEdits };
  const answer = await who.ask(`/${database}/_bulk_docs`, { method: 'POST', json });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Result[];
}

/** What the engine has of a document: its leaves, tombstones among them. */
async function leavesOf(database: string, id: string): Promise<Record<string, unknown>[]> {
  const main = settee.services.couch.admin<object>(database);
  const read: unknown = await main.get(id, { open_revs: 'all' } as never).catch(() => []);
  return (read as { ok?: Record<string, unknown> }[]).flatMap(({ ok }) => (ok ? [ok] : []));
}

const at = (space: SpaceWithData, changes: object): FlowDocument => ({ ...space.flow, ...changes });

describe('what only the server says', () => {
  it('is taken from nobody as a document: memberships, moves, runs', async () => {
    for (const writer of writers) {
      const who = door.people[writer];
      for (const database of [who.database, ...shared.map((kind) => door.spaces[kind].database)]) {
        const ids = [`membership:${door.spaces.team.id}`, `moved:${randomUUID()}`, `run:${randomUUID()}`];
        for (const _id of ids) {
          const type = _id.slice(0, _id.indexOf(':'));
          const claim = { type, schemaVersion: 1, spaceId: door.spaces.team.id, role: 'owner', grant: 'x' };
          const docs = [
            { _id, _rev: forged, ...claim, database: door.spaces.team.database },
            { _id, _rev: `8-${'e'.repeat(32)}`, _deleted: true },
            { _id, _rev: `7-${'d'.repeat(32)}`, _deleted: true, resolvedInto: forged },
          ];
          const refused = await push(who, database, docs);
          expect(refused).toMatchObject(docs.map(() => ({ id: _id, error: 'forbidden' })));
          const plain = await who.ask(`/${database}/${_id}`, { method: 'PUT', json: { _id, ...claim } });
          expect(plain.status).toBe(403);
          expect(await leavesOf(database, _id)).toEqual([]);
        }
      }
    }
  });

  it('is taken from nobody as a field of a flow', async () => {
    for (const kind of shared) {
      const space = door.spaces[kind];
      for (const writer of writers) {
        for (const field of ['settee', 'ownerId', 'spaceId', 'movedFrom']) {
          const _id = `flow:${randomUUID()}`;
          const value = field === 'movedFrom' ? { spaceId: space.id, revision: forged, moveId: 'x' } : 'x';
          const refused = await push(door.people[writer], space.database, [
            at(space, { _id, _rev: forged, [field]: value }),
          ]);
          expect([writer, field, refused]).toMatchObject([writer, field, [{ id: _id, error: 'forbidden' }]]);
          expect(await leavesOf(space.database, _id)).toEqual([]);
        }
      }
    }
  });

  it('is believed of no move that an edit says to remember', async () => {
    const { editor, owner } = door.people;
    const { team, shared: other } = door.spaces;
    const id = randomUUID();
    const _id = `flow:${id}`;
    await push(owner, team.database, [at(team, { _id, name: 'honest' })], true);
    const revision = (await leavesOf(team.database, _id))[0]?._rev;
    const movedFrom = { spaceId: other.id, revision, moveId: 'restored', generation: 2 };
    const claim = at(team, { _id, name: 'forged', spaceId: other.id, movedFrom });
    const branch = (hash: string) => ({
      _rev: `9-${hash}`,
      _revisions: { start: 9, ids: [hash, 'e'.repeat(32)] },
    });
    const own = { ...claim, movedFrom: { ...movedFrom, generation: 9 } };
    const docs = [
      { ...own, ...branch('d'.repeat(32)) },
      { ...claim, ...branch('f'.repeat(32)) },
    ];
    expect(await push(editor, team.database, docs)).toMatchObject([
      { rev: `9-${'d'.repeat(32)}`, error: 'forbidden' },
    ]);
    const ask = (target: string, body?: object) =>
      rest(settee.url, target, { token: owner.accessToken, ...(body === undefined ? {} : { body }) });
    expect((await ask(`GET /api/flows/${id}`)).body).toMatchObject({ spaceId: team.id, conflicts: 1 });
    expect(await leavesOf(other.database, _id)).toEqual([]);
    await ask(`POST /api/flows/${id}/move`, { spaceId: owner.user.id });
    const moved = await leavesOf(owner.database, _id);
    expect(moved.toSorted((a, b) => (String(a.name) < String(b.name) ? -1 : 1))).toMatchObject([
      { name: 'forged', spaceId: owner.user.id, movedFrom: { spaceId: team.id, revision: forged } },
      { name: 'honest', spaceId: owner.user.id, movedFrom: { spaceId: team.id, revision } },
    ]);
  });

  it('is not believed where a merge is claimed that is none', async () => {
    const space = door.spaces.team;
    const claims: object[] = [
      { mergeVersion: '1', mergedFrom: [forged] },
      { mergeVersion: -1, mergedFrom: [forged] },
      { mergeVersion: 1.5, mergedFrom: [forged] },
      { mergeVersion: 1, mergedFrom: 'all of them' },
      { mergeVersion: 1, mergedFrom: [1, 2] },
      { mergeVersion: 1, mergedFrom: Array.from({ length: 5000 }, () => forged) },
    ];
    for (const claim of claims) {
      const _id = `flow:${randomUUID()}`;
      const [result] = await push(door.people.editor, space.database, [
        at(space, { _id, _rev: forged, ...claim }),
      ]);
      expect([claim, result?.error]).toEqual([claim, 'forbidden']);
    }
  });

  it('is not changed by what is written about spaces into one’s own settings and devices', async () => {
    const { stranger } = door.people;
    const id = randomUUID();
    await push(stranger, stranger.database, [
      {
        _id: 'settings',
        _rev: forged,
        type: 'settings',
        schemaVersion: 1,
        spaces: { [door.spaces.team.id]: true },
      },
      {
        _id: `device:${id}`,
        _rev: forged,
        type: 'device',
        schemaVersion: 1,
        name: 'x',
        spaceId: door.spaces.team.id,
      },
    ]);
    const { team } = door.spaces;
    expect((await stranger.ask(`/${team.database}`)).status).toBe(404);
    const listed = await rest(settee.url, 'GET /api/spaces', { token: stranger.accessToken });
    expect(JSON.stringify(listed.body)).not.toContain(team.id);
  });
});

describe('a viewer', () => {
  it('writes nothing by any trick, and settles no conflict', async () => {
    const { viewer } = door.people;
    for (const kind of shared) {
      const { database, flow, version } = door.spaces[kind];
      const before = await leavesOf(database, flow._id);
      const rev = before[0]?._rev as string;
      const docs = [
        { ...flow, _rev: forged, name: 'forged' },
        { _id: flow._id, _rev: rev, _deleted: true },
        { _id: flow._id, _rev: forged, _deleted: true, type: 'flow', resolvedInto: rev },
        { _id: version, _rev: forged, _deleted: true },
        { _id: 'settings', _rev: forged, type: 'settings', schemaVersion: 1 },
      ];
      for (const newEdits of [true, false])
        expect(await push(viewer, database, docs, newEdits)).toMatchObject(
          docs.map(() => ({ error: 'forbidden' })),
        );
      const one = await viewer.ask(`/${database}/_bulk_docs`, { method: 'POST', json: { docs: docs[0] } });
      expect(one.status).toBeLessThan(500);
      const tries: [string, string, object?][] = [
        ['PUT', `/${flow._id}?rev=${rev}`, { ...flow, _rev: rev, name: 'forged' }],
        ['DELETE', `/${flow._id}?rev=${rev}`],
        ['PUT', `/${flow._id}/evil.txt?rev=${rev}`, {}],
        ['DELETE', `/${flow._id}/a.txt?rev=${rev}`],
        ['PUT', '/_local/mine', { last_seq: 1 }],
        ['PUT', '/_local/_security', { last_seq: 1 }],
        ['POST', '/_bulk_docs', { docs: [{ _id: '_local/0123456789abcdef0123456789abcdef', x: 1 }] }],
      ];
      for (const [method, path, json] of tries) {
        const answer = await viewer.ask(`/${database}${path}`, { method, ...(json ? { json } : {}) });
        expect([method, path, [400, 403, 404, 405].includes(answer.status)]).toEqual([method, path, true]);
      }
      expect(await leavesOf(database, flow._id)).toEqual(before);
    }
  });

  it('stores no more in a checkpoint than a checkpoint', async () => {
    const { viewer } = door.people;
    const path = `/${door.spaces.team.database}/_local/0123456789abcdef0123456789abcdef`;
    const large = { last_seq: 1, note: 'x'.repeat(100_000) };
    expect((await viewer.ask(path, { method: 'PUT', json: large })).status).toBe(413);
    expect((await viewer.ask(path)).status).toBe(404);
  });
});

describe('an editor', () => {
  it('deletes nothing, softly or for good, however it is said', async () => {
    const { editor } = door.people;
    for (const kind of shared) {
      const { database, flow, version } = door.spaces[kind];
      const rev = (await leavesOf(database, flow._id))[0]?._rev as string;
      const docs = [
        { _id: flow._id, _rev: forged, _deleted: true },
        { _id: flow._id, _rev: forged, _deleted: true, resolvedInto: 'elsewhere' },
        { _id: version, _rev: forged, _deleted: true, resolvedInto: forged },
        { ...flow, _rev: forged, deleted: true },
      ];
      expect(await push(editor, database, docs)).toMatchObject(docs.map(() => ({ error: 'forbidden' })));
      expect((await editor.ask(`/${database}/${flow._id}?rev=${rev}`, { method: 'DELETE' })).status).toBe(
        403,
      );
      expect((await editor.ask(`/${database}/${flow._id}`)).status).toBe(200);
      expect((await editor.ask(`/${database}/${version}`)).status).toBe(200);
    }
  });

  it('who forges a branch hides no other: the honest leaf stays beside it', async () => {
    const { editor, owner } = door.people;
    const space = door.spaces.shared;
    const _id = `flow:${randomUUID()}`;
    await push(owner, space.database, [at(space, { _id, name: 'honest' })], true);
    await push(editor, space.database, [at(space, { _id, _rev: forged, name: 'forged' })]);
    const names = new Set((await leavesOf(space.database, _id)).map(({ name }) => name));
    expect(names).toEqual(new Set(['forged', 'honest']));
  });

  it('whose version lies about its hash is not believed', async () => {
    const { editor, owner } = door.people;
    const space = door.spaces.team;
    const _id = `flow:${randomUUID()}`;
    const flow = at(space, { _id, name: 'honest' });
    await push(owner, space.database, [flow], true);
    const version = makeVersion(flow);
    await push(owner, space.database, [version], true);
    const lie = { ...version, _rev: forged, snapshot: { ...version.snapshot, name: 'forged' } };
    await push(editor, space.database, [lie]);
    const leaves = await leavesOf(space.database, version._id);
    const intact = leaves.filter((leaf) => isIntactVersion(leaf as { _id: string }));
    expect(intact.map(({ snapshot }) => (snapshot as { name: string }).name)).toEqual(['honest']);
    for (const token of [owner.accessToken, editor.accessToken]) {
      const path = `/api/flows/${_id.slice('flow:'.length)}/versions`;
      const { status, body } = await rest(settee.url, `GET ${path}`, { token });
      expect([200, 404]).toContain(status);
      expect(JSON.stringify(body)).not.toContain('forged');
    }
  });
});

describe('whoever guesses', () => {
  it('learns nothing of spaces and months that there are, and makes none', async () => {
    const { stranger, viewer, 'former member': former } = door.people;
    const { prefix } = settee.services.couch;
    const { team } = door.spaces;
    const names = [
      team.database,
      team.runs,
      `${team.database}-runs-2001-01`,
      `${team.database}-runs-2099-01`,
      `${prefix}space-${randomUUID()}`,
      `${prefix}space-${randomUUID()}-runs-2026-11`,
      `${prefix}space-1`,
      `${prefix}settee-directory`,
      `${prefix}settee-accounts`,
    ];
    const outcomes = new Set<string>();
    for (const name of names) {
      expect(parseDatabaseName(name, prefix)).not.toBeNull();
      for (const method of ['GET', 'PUT']) {
        const answer = await stranger.ask(`/${name}`, { method });
        outcomes.add(`${answer.status} ${(await answer.text()).trim()}`);
      }
    }
    expect([...outcomes]).toEqual(['404 {"error":"not_found","reason":"missing"}']);
    for (const name of [`${team.database}-runs-2001-01`, `${team.database}-runs-2099-01`]) {
      expect([404, 410]).toContain((await viewer.ask(`/${name}`, { method: 'PUT' })).status);
      expect((await former.ask(`/${name}`, { method: 'PUT' })).status).toBe(403);
    }
    for (const name of [`${prefix}space-templates`, `${prefix}space-templates-runs-2026-11`]) {
      const made = await stranger.ask(`/${name}`, { method: 'PUT' });
      expect([name, [403, 404, 410, 412].includes(made.status)]).toEqual([name, true]);
    }
  });
});
