import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { designDocumentFor, type DesignDocument, type DesignKind } from '../../../design-docs/index.ts';
import { personalDatabase, runsDatabase, serverDatabaseName } from '../../../schema/index.ts';
import { engineFetch, openCouch, type TestCouch } from './open-couch.ts';

let test: TestCouch;
let spaces: string[];
let databases: string[];

/** The shipped documents as a later version, with one view more. */
function later(by: number): (kind: DesignKind) => DesignDocument {
  return (kind) => {
    const document = designDocumentFor(kind);
    const everything = { map: 'function (doc) { emit(doc._id, null); }' };
    return {
      ...document,
      setteeVersion: document.setteeVersion + by,
      views: { everything, ...document.views },
    };
  };
}

async function versions(): Promise<number[]> {
  const documents = await Promise.all(
    databases.map((database) => engineFetch(test.url, `/${database}/_design/settee`)),
  );
  return documents.map(({ body }) => (body as DesignDocument).setteeVersion);
}

const shipped = designDocumentFor('space').setteeVersion;

beforeEach(async () => {
  test = await openCouch();
  spaces = [randomUUID(), randomUUID(), randomUUID()];
  databases = spaces.map((id) => personalDatabase(id, test.prefix));
  for (const id of spaces) await test.couch.createDatabase(personalDatabase(id, test.prefix), 'space', id);
});

afterEach(() => test.stop());

describe('rolling design documents out', () => {
  it('changes nothing where all is current', async () => {
    const seen: string[] = [];
    const report = await test.couch.rollOut({ onProgress: ({ database }) => seen.push(database) });
    expect(report).toEqual({ total: 3, updated: [], newer: [], failed: [] });
    expect(new Set(seen)).toEqual(new Set(databases));
  });

  it('brings a newer one everywhere, and an older server leaves it', async () => {
    const newer = await test.another({ designDocuments: later(5) });
    const report = await newer.rollOut({ concurrency: 2 });
    expect(new Set(report.updated)).toEqual(new Set(databases));
    expect(await versions()).toEqual([shipped + 5, shipped + 5, shipped + 5]);

    const older = await test.couch.rollOut();
    expect(new Set(older.newer)).toEqual(new Set(databases));
    expect(older.updated).toEqual([]);
    const [spaceId = ''] = spaces;
    await test.couch.createDatabase(personalDatabase(spaceId, test.prefix), 'space', spaceId);
    expect(await versions()).toEqual([shipped + 5, shipped + 5, shipped + 5]);
  });

  it('by several servers at once ends with the newest', async () => {
    const servers = await Promise.all([1, 2, 3].map((by) => test.another({ designDocuments: later(by) })));
    const reports = await Promise.all(servers.map((server) => server.rollOut()));
    expect(reports.flatMap(({ failed }) => failed)).toEqual([]);
    expect(await versions()).toEqual([shipped + 3, shipped + 3, shipped + 3]);
  });

  it('warms the views that it changed', async () => {
    const jobs = serverDatabaseName('jobs', test.prefix);
    await test.couch.createDatabase(jobs, 'server');
    await test.couch.admin(jobs).insert({ _id: 'job:1' });
    const newer = await test.another({ designDocuments: later(1) });
    await newer.rollOut();
    const rows = await engineFetch(test.url, `/${jobs}/_design/settee/_view/everything?update=false`);
    expect(rows.body).toMatchObject({ rows: [{ id: 'job:1' }] });
  });

  it('reports the databases that fail and goes on with the rest', async () => {
    const runs = runsDatabase(databases[1] ?? '', '2026-01');
    await test.couch.createDatabase(runs, 'runs', 'x');
    const throwing = await test.another({
      designDocuments: (kind) => {
        if (kind === 'runs') throw new Error('broken');
        return later(1)(kind);
      },
    });
    const report = await throwing.rollOut();
    expect(report.failed).toEqual([{ database: runs, reason: 'broken' }]);
    expect(await versions()).toEqual([shipped + 1, shipped + 1, shipped + 1]);
  });

  it('stops when it is told to', async () => {
    const stopping = new AbortController();
    const newer = await test.another({ designDocuments: later(1) });
    const onProgress = (): void => stopping.abort();
    const report = await newer.rollOut({ signal: stopping.signal, concurrency: 1, onProgress });
    expect(report.updated).toHaveLength(1);
  });
});
