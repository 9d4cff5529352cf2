import { describe, expect, it } from 'vitest';
import type { Couch, FollowOptions } from '../../../server/couch/couch.ts';
import { createDirectory, type Directory } from '../../../server/spaces/directory.ts';
import type { SpaceDocument } from '../../../server/spaces/space-document.ts';
import { silentLog } from '../couch/open-couch.ts';

function space(id: string, changes: Partial<SpaceDocument> = {}): SpaceDocument {
  return {
    _id: `space:${id}`,
    _rev: '1-a',
    type: 'space',
    kind: 'team',
    name: 'Team',
    members: { u: 'owner' },
    createdAt: '2026-01-01T00:00:00.000Z',
    ...changes,
  };
}

interface Setup {
  directory: Directory;
  /** Of the feed that the test drives by hand. */
  feed: FollowOptions;
  stored: Map<string, SpaceDocument>;
  reads: string[];
  told: [before: string | undefined, after: string | undefined][];
  /** Runs in the middle of the next reading, after the database was asked. */
  meanwhile: (action: () => void) => void;
  report: (document: SpaceDocument) => void;
}

/** The directory with a feed and a database that the test drives by hand. */
async function setUp(remembered?: number): Promise<Setup> {
  const stored = new Map<string, SpaceDocument>();
  const reads: string[] = [];
  const told: Setup['told'] = [];
  let action = (): void => {};
  let feed: FollowOptions | undefined;
  const database = {
    async get(id: string) {
      reads.push(id);
      const found = stored.get(id);
      await Promise.resolve();
      action();
      action = () => {};
      if (!found) throw Object.assign(new Error('missing'), { statusCode: 404 });
      return found;
    },
  };
  const couch = {
    prefix: '',
    admin: () => database,
    createDatabase: async () => 'exists',
    follow: (_name: string, options: FollowOptions) => (feed = options),
  } as unknown as Couch;
  const directory = createDirectory({ couch, log: silentLog, ...(remembered ? { remembered } : {}) });
  directory.onChange((before, after) => told.push([before?._id, after?._id]));
  await directory.open();
  return {
    directory,
    feed: feed as FollowOptions,
    stored,
    reads,
    told,
    meanwhile: (next) => void (action = next),
    report: (document) => feed?.onChange({ id: document._id, seq: '1', doc: { ...document } }),
  };
}

describe('what a process remembers of the directory', () => {
  it('is not what it read before the feed began', async () => {
    const { directory, feed, stored, meanwhile } = await setUp();
    stored.set('space:a', space('a'));
    meanwhile(() => {
      // Written after the reading, and before the feed began to tell.
      stored.set('space:a', space('a', { _rev: '2-a', members: {} }));
      feed.onState?.(true);
    });
    await directory.get('a');
    expect(await directory.get('a')).toMatchObject({ members: {} });
  });

  it('is not brought back by a reading that began before it was deleted', async () => {
    const { directory, feed, stored, meanwhile } = await setUp();
    stored.set('space:a', space('a'));
    feed.onState?.(true);
    meanwhile(() => {
      stored.delete('space:a');
      feed.onChange({ id: 'space:a', seq: '1', deleted: true });
    });
    await directory.get('a');
    expect(await directory.get('a')).toBeNull();
  });

  it('tells of a change after the feed began of what was read before', async () => {
    const { directory, feed, stored, told, report } = await setUp();
    stored.set('space:a', space('a'));
    await directory.get('a');
    feed.onState?.(true);
    report(space('a', { _rev: '2-a', members: {} }));
    expect(told.at(-1)).toEqual(['space:a', 'space:a']);
  });

  it('is not pushed out by names that nobody has', async () => {
    const { directory, feed, stored, reads } = await setUp(2);
    stored.set('space:a', space('a'));
    feed.onState?.(true);
    await directory.get('a');
    for (const name of ['x', 'y', 'z']) expect(await directory.get(name)).toBeNull();
    reads.length = 0;
    await directory.get('a');
    expect(reads).toEqual([]);
  });

  it('ends for everybody inside where it has to be forgotten', async () => {
    const { directory, feed, stored, told } = await setUp(2);
    feed.onState?.(true);
    for (const name of ['a', 'b', 'c']) {
      stored.set(`space:${name}`, space(name));
      await directory.get(name);
    }
    expect(told).toContainEqual(['space:a', undefined]);
  });
});
