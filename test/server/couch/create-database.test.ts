import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { designDocumentFor } from '../../../design-docs/index.ts';
import { personalDatabase, serverDatabaseName } from '../../../schema/index.ts';
import { engineFetch, openCouch, type TestCouch } from './open-couch.ts';

let test: TestCouch;

beforeAll(async () => {
  test = await openCouch();
});

afterAll(() => test.stop());

function newSpace(): { id: string; database: string } {
  const id = randomUUID();
  return { id, database: personalDatabase(id, test.prefix) };
}

async function expectComplete(database: string, id: string): Promise<void> {
  const security = await engineFetch(test.url, `/${database}/_security`);
  expect(security.body).toEqual({
    admins: { names: [], roles: ['_admin'] },
    members: { names: [], roles: [`space:${id}`] },
  });
  const design = await engineFetch(test.url, `/${database}/_design/settee`);
  expect(design.body).toMatchObject({ setteeVersion: designDocumentFor('space').setteeVersion });
}

describe('making a database', () => {
  it('gives it its security, its limit and one design document', async () => {
    const { id, database } = newSpace();
    expect(await test.couch.createDatabase(database, 'space', id)).toBe('created');
    await expectComplete(database, id);
    expect(await test.couch.createDatabase(database, 'space', id)).toBe('exists');
    if (test.kind === 'couchdb') {
      expect((await engineFetch(test.url, `/${database}/_revs_limit`)).body).toBe(200);
      expect((await engineFetch(test.url, `/${database}`)).body).toMatchObject({ cluster: { q: 1 } });
    }
  });

  it('works for several who make it at once', async () => {
    const { id, database } = newSpace();
    const results = await Promise.all(
      Array.from({ length: 5 }, () => test.couch.createDatabase(database, 'space', id)),
    );
    expect(results.filter((result) => result === 'created')).toHaveLength(1);
    await expectComplete(database, id);
  });

  it('completes what a crash left half-made', async () => {
    const bare = newSpace();
    const designed = newSpace();
    const secured = newSpace();
    for (const { database } of [bare, designed, secured]) {
      expect((await engineFetch(test.url, `/${database}?q=1`, { method: 'PUT' })).status).toBe(201);
    }
    await engineFetch(test.url, `/${designed.database}/_design/settee`, {
      method: 'PUT',
      body: designDocumentFor('space'),
    });
    await engineFetch(test.url, `/${secured.database}/_security`, {
      method: 'PUT',
      body: {
        admins: { names: [], roles: ['_admin'] },
        members: { names: [], roles: [`space:${secured.id}`] },
      },
    });
    for (const { id, database } of [bare, designed, secured]) {
      expect(await test.couch.createDatabase(database, 'space', id)).toBe('exists');
      await expectComplete(database, id);
    }
  });

  it('closes the server’s own databases to everybody else', async () => {
    const database = serverDatabaseName('accounts', test.prefix);
    await test.couch.createDatabase(database, 'accounts');
    const user = { userId: randomUUID(), roles: ['space:x', 'space:x:owner'] };
    await expect(test.couch.as(database, user).info()).rejects.toMatchObject({ statusCode: 403 });
    await expect(test.couch.as(database, user).get('user:x')).rejects.toMatchObject({ statusCode: 403 });
  });

  it('refuses a space’s database without its space', async () => {
    const { database } = newSpace();
    await expect(test.couch.createDatabase(database, 'space')).rejects.toThrow(/belongs to a space/);
  });
});
