import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { documentFixtures } from '../support/document-fixtures.ts';
import { startDesignEngine, type DesignDatabase, type DesignEngine } from '../support/design-database.ts';
import { makeExecutions } from '../support/executions.ts';
import { executionDoc } from '../support/fixtures/execution-fixtures.ts';
import { flowDoc } from '../support/fixtures/flow-fixtures.ts';
import { roleFixtures } from '../support/fixtures/role-fixtures.ts';
import { versionDoc } from '../support/fixtures/version-fixtures.ts';

let engine: DesignEngine;
let databases: Record<'space' | 'runs', DesignDatabase>;
beforeAll(async () => {
  engine = await startDesignEngine();
  databases = {
    space: await engine.createDatabase('space'),
    runs: await engine.createDatabase('runs', '2025-03'),
  };
});
afterAll(() => engine.stop());

interface Refusal {
  id: string;
  rev: string;
  error: string;
  reason: string;
}

let written = 0;
/** The document under a revision of its own. */
function asLeaf<T extends object>(doc: T): T & { _rev: string } {
  written += 1;
  return { ...doc, _rev: `1-${written.toString(16).padStart(32, '0')}` };
}

/** Pushes as replication does, each document a leaf of its own; tells which revisions were refused and why. */
async function push(
  database: DesignDatabase,
  docs: object[],
  role: 'server' | 'owner' = 'owner',
): Promise<Refusal[]> {
  const answer = await database.request('POST', '_bulk_docs', { docs, new_edits: false }, role);
  expect(answer.status).toBe(201);
  return (answer.body as Refusal[]).filter(({ error }) => error !== undefined);
}

test.each(['owner', 'server'] as const)(
  'the engine says of every fixture what zod says, to the %s',
  async (role) => {
    for (const kind of ['space', 'runs'] as const) {
      const fixtures = documentFixtures.filter(({ type }) => (type === 'execution') === (kind === 'runs'));
      const docs = fixtures.map(({ doc }) => asLeaf(doc));
      const refusals = new Map(
        (await push(databases[kind], docs, role)).map((refusal) => [refusal.rev, refusal]),
      );
      const verdicts = fixtures.map(({ name }, n) => [name, !refusals.has(docs[n]?._rev ?? '')]);
      expect(verdicts).toEqual(fixtures.map(({ name, valid }) => [name, valid]));
      for (const [n, { path }] of fixtures.entries()) {
        const refusal = refusals.get(docs[n]?._rev ?? '');
        if (path !== undefined) expect(refusal).toMatchObject({ error: 'forbidden' });
        if (path !== undefined) expect(refusal?.reason).toContain(`${path} `);
      }
    }
  },
);

test('a plain write gets the same verdict', async () => {
  const fresh = {
    space: await engine.createDatabase('space'),
    runs: await engine.createDatabase('runs', '2025-03'),
  };
  const sample = new Map(
    documentFixtures.filter((_fixture, n) => n % 4 === 0).map((fixture) => [fixture.doc._id, fixture]),
  );
  for (const { type, name, doc, valid } of sample.values()) {
    const database = fresh[type === 'execution' ? 'runs' : 'space'];
    const answer = await database.request('PUT', encodeURIComponent(doc._id), doc, 'owner');
    expect([name, answer.status]).toEqual([name, valid ? 201 : 403]);
  }
});

test('a run is refused in the database of another month', async () => {
  const [march, april] = [
    await engine.createDatabase('runs', '2025-03'),
    await engine.createDatabase('runs', '2025-04'),
  ];
  const runs = makeExecutions({ seed: 9, count: 2, month: '2025-03' });
  const imported = executionDoc({ startedAt: '2025-03-31T23:59:59.999Z' });
  expect(await push(march, [...runs, imported].map(asLeaf))).toEqual([]);
  const refused = await push(april, [...runs, imported].map(asLeaf));
  expect(refused.map(({ reason }) => reason)).toEqual(
    [1, 2, 3].map(() => '_id belongs into the month 2025-03'),
  );
});

/** Weakest first: an owner's deletion on the same document would excuse an editor's. */
const weakestFirst = ['stranger', 'viewer', 'editor', 'owner', 'server'] as const;

test.each(['space', 'runs'] as const)(
  'in the engine every role may do in a %s what the table says',
  async (kind) => {
    const database = await engine.createDatabase(kind, kind === 'runs' ? '2025-03' : undefined);
    const fixtures = roleFixtures.filter((fixture) => fixture.kind === kind);
    for (const role of weakestFirst) {
      const docs = fixtures.map(({ doc }) => asLeaf(doc));
      const answer = await database.request('POST', '_bulk_docs', { docs, new_edits: false }, role);
      const refused =
        answer.status === 201 ? (answer.body as Refusal[]).filter(({ error }) => error !== undefined) : docs;
      const revisions = new Set(refused.map((refusal) => ('_rev' in refusal ? refusal._rev : refusal.rev)));
      const may = fixtures
        .filter((_fixture, n) => !revisions.has(docs[n]?._rev ?? ''))
        .map(({ name }) => name);
      const expected = fixtures.filter(({ allowed }) => allowed.includes(role)).map(({ name }) => name);
      expect([role, may]).toEqual([role, expected]);
    }
  },
);

test('what protects holds against a forged branch on top of what is there', async () => {
  const database = await engine.createDatabase('space');
  const membership = asLeaf({ _id: 'membership:a', type: 'membership' });
  const flow = asLeaf(flowDoc());
  expect(await push(database, [membership, flow], 'server')).toEqual([]);
  const forge = (doc: object): object => ({
    ...doc,
    _rev: `9-${'f'.repeat(32)}`,
    _revisions: { start: 9, ids: ['f'.repeat(32), 'e'.repeat(32)] },
  });
  const forged = [
    forge({ ...membership, role: 'owner' }),
    forge({ _id: membership._id, _deleted: true, resolvedInto: `2-${'0'.repeat(32)}` }),
    forge({ ...flow, deleted: true }),
    forge({ _id: flow._id, _deleted: true }),
    forge({ ...flow, ownerId: 'me' }),
  ];
  const answer = await database.request('POST', '_bulk_docs', { docs: forged, new_edits: false }, 'editor');
  expect((answer.body as Refusal[]).map(({ error }) => error)).toEqual(forged.map(() => 'forbidden'));
  for (const { _id, _rev } of [membership, flow]) {
    expect((await database.request('GET', _id)).body).toMatchObject({ _rev });
  }
});

test('an edit of a flow that moved arrives although what it was made on was compacted away', async () => {
  const database = await engine.createDatabase('space');
  const [first, move, edit, late] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32));
  const movedFrom = { spaceId: 'there', revision: `1-${first}`, moveId: 'x', generation: 2 };
  const moved = flowDoc({ spaceId: 'here', movedFrom });
  const at = (ids: (string | undefined)[], changes: object = {}) => ({
    ...moved,
    ...changes,
    _rev: `${ids.length}-${ids[0]}`,
    _revisions: { start: ids.length, ids },
  });
  expect(await push(database, [at([move, first])], 'server')).toEqual([]);
  expect(await push(database, [at([edit, move, first], { name: 'edit' })])).toEqual([]);
  await database.request('POST', '_compact', {});
  await vi.waitFor(async () => {
    expect((await database.request('GET', `${moved._id}?rev=2-${move}`)).status).toBe(404);
  }, 10_000);
  expect(await push(database, [at([late, move, first], { name: 'late' })])).toEqual([]);
  const claimed = { name: 'claimed', movedFrom: { ...movedFrom, generation: 3 } };
  expect(await push(database, [at(['e'.repeat(32), move, first], claimed)])).toMatchObject([
    { error: 'forbidden', reason: 'spaceId is written by the server only' },
  ]);
  const winner = await database.request('GET', `${moved._id}?conflicts=true`);
  expect(winner.body).toMatchObject({ name: 'late', _conflicts: [`3-${edit}`] });
});

test('a version that is there does not change by an honest write, and an owner may delete it', async () => {
  const database = await engine.createDatabase('space');
  const version = versionDoc();
  const made = await database.request('PUT', version._id, version, 'editor');
  expect(made.status).toBe(201);
  const { rev } = made.body as { rev: string };
  const changed = { ...version, _rev: rev, snapshot: { ...(version.snapshot as object), name: 'other' } };
  expect((await database.request('PUT', version._id, changed, 'owner')).status).toBe(403);
  expect((await database.request('DELETE', `${version._id}?rev=${rev}`, undefined, 'editor')).status).toBe(
    403,
  );
  expect((await database.request('DELETE', `${version._id}?rev=${rev}`, undefined, 'owner')).status).toBe(
    200,
  );
});
