import { describe, expect, it } from 'vitest';
import { createAccountCache, type AccountCache } from '../../../server/auth/account-cache.ts';
import type { AccountDocument, SessionDocument } from '../../../server/auth/account-documents.ts';
import type { Couch, FollowOptions } from '../../../server/couch/couch.ts';

const session: SessionDocument = {
  _id: 'session:u:s',
  type: 'session',
  userId: 'u',
  createdAt: '2026-05-01T12:00:00.000Z',
  lastUsedAt: '2026-05-01T12:00:00.000Z',
  expiresAt: '2026-05-08T12:00:00.000Z',
  familyKey: '',
  current: { hash: '' },
};
const over: SessionDocument = { ...session, endedAt: '2026-05-01T13:00:00.000Z', endReason: 'signed_out' };

interface Setup {
  cache: AccountCache;
  feed: FollowOptions;
  stored: Map<string, AccountDocument>;
  reads: () => number;
  ended: string[];
  /** Runs in the middle of the next reading, after the database was asked. */
  meanwhile: (action: () => void) => void;
}

/** The cache with a feed and a database that the test drives by hand. */
function setUp(): Setup {
  const stored = new Map<string, AccountDocument>([[session._id, session]]);
  const ended: string[] = [];
  let reads = 0;
  let action = (): void => {};
  let feed: FollowOptions | undefined;
  const couch: Pick<Couch, 'follow'> = { follow: (_database, options) => (feed = options) };
  const cache = createAccountCache({
    couch,
    database: 'settee-accounts',
    fetch: async (ids) => {
      reads += 1;
      const found = ids.map((id) => stored.get(id) ?? null);
      await Promise.resolve();
      action();
      action = () => {};
      return found;
    },
  });
  cache.onEnd((id) => ended.push(id));
  const meanwhile = (next: () => void): void => void (action = next);
  return { cache, feed: feed as FollowOptions, stored, reads: () => reads, ended, meanwhile };
}

const report = (feed: FollowOptions, document: SessionDocument): void =>
  feed.onChange({ id: document._id, seq: '1', doc: { ...document } });

describe('what a process remembers of accounts', () => {
  it('is read once while the feed is up to date', async () => {
    const { cache, feed, reads } = setUp();
    feed.onState?.(true);
    expect(await cache.read([session._id])).toEqual([session]);
    expect(await cache.read([session._id])).toEqual([session]);
    expect(reads()).toBe(1);
  });

  it('is read every time while the feed is not', async () => {
    const { cache, feed, stored, reads } = setUp();
    await cache.read([session._id]);
    await cache.read([session._id]);
    expect(reads()).toBe(2);
    feed.onState?.(true);
    await cache.read([session._id]);
    feed.onState?.(false);
    stored.set(session._id, over);
    expect(await cache.read([session._id])).toEqual([null]);
    expect(reads()).toBe(4);
  });

  it('of before the feed broke is forgotten when it is back', async () => {
    const { cache, feed, stored } = setUp();
    feed.onState?.(true);
    await cache.read([session._id]);
    feed.onState?.(false);
    stored.delete(session._id);
    feed.onState?.(true);
    expect(await cache.read([session._id])).toEqual([null]);
  });

  it('follows the changes, and tells of each end once', async () => {
    const { cache, feed, stored, ended } = setUp();
    feed.onState?.(true);
    await cache.read([session._id]);
    stored.set(session._id, over);
    report(feed, over);
    report(feed, over);
    cache.wrote(session._id, over);
    expect(await cache.read([session._id])).toEqual([null]);
    expect(ended).toEqual(['s']);
    feed.onChange({ id: 'key:u:k', seq: '2', deleted: true });
    expect(ended).toEqual(['s', 'k']);
  });

  it('does not bring an ended session back when a reading was under way', async () => {
    const { cache, feed, meanwhile } = setUp();
    feed.onState?.(true);
    meanwhile(() => report(feed, over));
    expect(await cache.read([session._id])).toEqual([null]);
    expect(await cache.read([session._id])).toEqual([null]);
  });

  it('does not keep a reading that a change overtook', async () => {
    const { cache, feed, stored, meanwhile } = setUp();
    const newer = { ...session, lastUsedAt: '2026-05-01T14:00:00.000Z' };
    feed.onState?.(true);
    meanwhile(() => {
      stored.set(session._id, newer);
      report(feed, newer);
    });
    await cache.read([session._id]);
    expect(await cache.read([session._id])).toEqual([newer]);
  });

  it('does not keep a reading that began before the feed did', async () => {
    const { cache, feed, stored, meanwhile } = setUp();
    const newer = { ...session, lastUsedAt: '2026-05-01T14:00:00.000Z' };
    meanwhile(() => {
      // Written after the reading, and before the feed began to tell.
      stored.set(session._id, newer);
      feed.onState?.(true);
    });
    await cache.read([session._id]);
    expect(await cache.read([session._id])).toEqual([newer]);
  });

  it('finds an end that nobody told of', async () => {
    const { cache, stored, ended } = setUp();
    stored.set(session._id, over);
    expect(await cache.read([session._id])).toEqual([null]);
    expect(ended).toEqual(['s']);
  });
});
