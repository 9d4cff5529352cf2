import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRetention } from '../../../server/spaces/start-retention.ts';
import { silentLog } from '../couch/open-couch.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

let test: TestSpaces;
let user: string;
let database: string;

beforeEach(async () => {
  test = await openSpaces();
  user = await test.newUser();
  ({ database } = await test.spaces.personal(user));
  const month = new Date().toISOString().slice(0, 7);
  await test.spaces.provisionMonth(await test.accessTo(user, `${database}-runs-${month}`));
});

afterEach(() => test.stop());

async function expectNothingLeft(): Promise<void> {
  expect((await test.couch.databases()).filter((name) => name.startsWith(database))).toEqual([]);
  expect(await test.spaces.access(user, database)).toBeNull();
  await expect(test.entry(user)).rejects.toMatchObject({ statusCode: 404 });
}

describe('removing a user', () => {
  it('deletes the space, its months and its entry, and ends what is open', async () => {
    const bystander = await test.newUser();
    const revoked = vi.fn();
    test.spaces.onRevoked(revoked);
    await test.spaces.removeUser(user);
    await expectNothingLeft();
    expect(revoked).toHaveBeenCalledWith({ spaceId: user, userId: user, database, end: 'space_deleted' });
    await test.spaces.removeUser(user);
    expect(await test.couch.exists((await test.spaces.personal(bystander)).database)).toBe(true);
  });

  it('is finished after a crash, wherever that was', async () => {
    await test.change(user, { removing: true, members: {} });
    await test.couch.deleteDatabase(database);
    const stopping = new AbortController();
    startRetention({ spaces: test.spaces, log: silentLog, signal: stopping.signal });
    await vi.waitFor(expectNothingLeft, 15_000);
    stopping.abort();
  });

  it('closes the space before its databases go', async () => {
    await test.change(user, { removing: true });
    await vi.waitFor(async () => expect(await test.spaces.access(user, database)).toBeNull(), 15_000);
    await expect(
      test.spaces.createPersonal({ id: user, createdAt: new Date().toISOString() }),
    ).rejects.toMatchObject({ code: 'conflict' });
  });

  it('undoes a month that was made meanwhile', async () => {
    const access = await test.spaces.personal(user);
    const month = new Date().toISOString().slice(0, 7);
    const late = await test.accessTo(user, `${database}-runs-${month}`);
    await test.spaces.removeUser(user);
    await expect(test.spaces.provisionMonth(late)).rejects.toMatchObject({ code: 'not_found' });
    expect(access.role).toBe('owner');
    await expectNothingLeft();
  });
});
