import { randomUUID } from 'node:crypto';
import { vi } from 'vitest';
import type { Couch } from '../../../server/couch/couch.ts';
import { createSpaces } from '../../../server/spaces/create-spaces.ts';
import type { SpaceDocument } from '../../../server/spaces/space-document.ts';
import type { Access, Role, Spaces } from '../../../server/spaces/spaces.ts';
import { serverDatabaseName, spaceDatabase } from '../../../schema/index.ts';
import { openCouch, silentLog, type TestCouch } from '../couch/open-couch.ts';

export interface TestSpaces extends TestCouch {
  spaces: Spaces;
  /** Another server of the same deployment. */
  anotherSpaces(): Promise<{ couch: Couch; spaces: Spaces }>;
  /** A user with a personal space. */
  newUser(createdAt?: string): Promise<string>;
  /** A space with these members, written as the server would. */
  newTeam(members: Record<string, Role>): Promise<string>;
  /** Changes a space's entry in the directory. */
  change(spaceId: string, changes: Partial<SpaceDocument>): Promise<void>;
  entry(spaceId: string): Promise<SpaceDocument>;
  /** Access that must exist. */
  accessTo(userId: string, database: string): Promise<Access>;
}

/** Spaces over a fresh engine. The clock stands at `now()`, by default the real time. */
export async function openSpaces(now: () => Date = () => new Date()): Promise<TestSpaces> {
  const test = await openCouch();
  const opened: Spaces[] = [];
  const open = (couch: Couch): Spaces => {
    const spaces = createSpaces({ couch, log: silentLog, clock: now });
    opened.push(spaces);
    return spaces;
  };
  const spaces = open(test.couch);
  const directory = test.couch.admin<SpaceDocument>(serverDatabaseName('directory', test.prefix));

  async function newUser(createdAt = now().toISOString()): Promise<string> {
    const id = randomUUID();
    await spaces.createPersonal({ id, createdAt });
    return id;
  }

  return {
    ...test,
    spaces,
    async anotherSpaces() {
      const couch = await test.another();
      return { couch, spaces: open(couch) };
    },
    newUser,
    async newTeam(members) {
      const id = randomUUID();
      await spaces.access('nobody', spaceDatabase(id, test.prefix));
      const team: SpaceDocument = {
        _id: `space:${id}`,
        type: 'space',
        kind: 'team',
        name: 'Team',
        members,
        createdAt: now().toISOString(),
      };
      await directory.insert(team);
      await test.couch.createDatabase(spaceDatabase(id, test.prefix), 'space', id);
      return id;
    },
    async change(spaceId, changes) {
      await directory.insert({ ...(await directory.get(`space:${spaceId}`)), ...changes });
    },
    entry: (spaceId) => directory.get(`space:${spaceId}`),
    async accessTo(userId, database) {
      return vi.waitFor(async () => {
        const access = await spaces.access(userId, database);
        if (!access) throw new Error(`${userId} has no access to ${database}`);
        return access;
      }, 15_000);
    },
    async stop() {
      for (const one of opened) await one.close();
      await test.stop();
    },
  };
}
