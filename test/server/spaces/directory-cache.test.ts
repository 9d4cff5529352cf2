import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Couch } from '../../../server/couch/couch.ts';
import { createDirectory } from '../../../server/spaces/directory.ts';
import { createSpaces } from '../../../server/spaces/create-spaces.ts';
import type { Spaces } from '../../../server/spaces/spaces.ts';
import { spaceDatabase } from '../../../schema/index.ts';
import { startEngineRelay, type EngineRelay } from '../couch/engine-relay.ts';
import { silentLog } from '../couch/open-couch.ts';
import { openSpaces, type TestSpaces } from './open-spaces.ts';

let test: TestSpaces;
let relay: EngineRelay;
let couch: Couch;
let spaces: Spaces;
let asked: string[];
const user = randomUUID();

const isFeed = (url: string): boolean => url.includes('/_changes');
const reads = (): string[] => asked.filter((url) => !isFeed(url) && url.includes('space%3A'));

beforeEach(async () => {
  test = await openSpaces();
  relay = await startEngineRelay(test.url);
  couch = await test.another({ url: relay.url });
  spaces = createSpaces({ couch, log: silentLog });
  asked = [];
  relay.rule({ passes: ({ url }) => asked.push(url) > 0 });
});

afterEach(async () => {
  await spaces.close();
  await relay.close();
  await test.stop();
});

/** Waits until access is answered from memory. */
async function whenRemembered(database: string): Promise<void> {
  await vi.waitFor(async () => {
    await spaces.access(user, database);
    const before = reads().length;
    await spaces.access(user, database);
    expect(reads()).toHaveLength(before);
  }, 15_000);
}

describe('the directory in memory', () => {
  it('answers without asking the engine while the feed is fresh', async () => {
    const database = spaceDatabase(await test.newTeam({ [user]: 'owner' }), test.prefix);
    await whenRemembered(database);
    const before = asked.length;
    for (let n = 0; n < 20; n++) expect(await spaces.access(user, database)).not.toBeNull();
    expect(asked).toHaveLength(before);
  });

  it('is not believed while the feed is broken, and is again afterwards', async () => {
    const team = await test.newTeam({ [user]: 'owner' });
    const database = spaceDatabase(team, test.prefix);
    await whenRemembered(database);
    const revoked = vi.fn();
    spaces.onRevoked(revoked);
    relay.rule({ passes: ({ url }) => asked.push(url) > 0 && !isFeed(url) });
    relay.cut();
    await vi.waitFor(async () => {
      const before = reads().length;
      await spaces.access(user, database);
      expect(reads().length).toBeGreaterThan(before);
    }, 15_000);
    await test.change(team, { members: { [user]: 'viewer' } });
    expect(await spaces.access(user, database)).toMatchObject({ role: 'viewer' });
    await test.change(team, { members: {} });
    expect(await spaces.access(user, database)).toBeNull();
    expect(revoked).toHaveBeenCalledTimes(2);
    relay.rule({ passes: ({ url }) => asked.push(url) > 0 });
    await whenRemembered(database);
    expect(await spaces.access(user, database)).toBeNull();
  });

  it('never forgets what this server itself has just written', async () => {
    const id = randomUUID();
    const database = (await spaces.createPersonal({ id, createdAt: '2026-01-01T00:00:00.000Z' })).database;
    await spaces.access(id, database);
    for (let month = 12; month > 6; month--) {
      const name = `2025-${String(month).padStart(2, '0')}`;
      await spaces.allowMonthsFrom(id, name);
      expect((await spaces.access(id, database))?.months.earliest).toBe(name);
    }
  });

  it('is not set back by news that come late', async () => {
    const team = await test.newTeam({ [user]: 'owner' });
    const directory = createDirectory({ couch, log: silentLog });
    const generations: number[] = [];
    directory.onChange((_, after) => generations.push(Number.parseInt(after?._rev ?? '0', 10)));
    await directory.get(team);
    // Until the feed reports, which shows that it is open.
    for (let n = 0; generations.length < 2 && n < 50; n++) {
      await test.change(team, { name: `Name ${n}` });
      await sleep(100);
    }
    relay.freeze();
    await test.change(team, { name: 'Held back' });
    await sleep(200);
    const written = await directory.update(
      team,
      (current) => current && { ...current, name: 'Written here' },
    );
    relay.thaw();
    await sleep(300);
    expect(generations.at(-1)).toBe(Number.parseInt(written?._rev ?? '0', 10));
    expect(generations.every((value, n) => n === 0 || value > (generations[n - 1] ?? 0))).toBe(true);
    directory.close();
  });
});
