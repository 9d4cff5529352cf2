import { runsDatabase, type Month } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import { SetteeError } from '../../errors.ts';
import type { Access, ListedSpace, Role, Space, Spaces } from '../../spaces/spaces.ts';
import { createTurns } from './turns.ts';
import { sorted } from './sorted.ts';
import { createDocumentStore, type DocumentStore } from './document-store.ts';

/** One month's runs of a space. */
export interface RunsMonth {
  month: Month;
  database: string;
  documents: DocumentStore;
}

/** What a request may touch of one space: its documents and its months of runs, with the caller's role. */
export interface UserSpace {
  userId: string;
  role: Role;
  space: Space;
  database: string;
  documents: DocumentStore;
  /** The months that exist, newest first. */
  months(): Promise<RunsMonth[]>;
  /** One month, or null where it does not exist. */
  month(month: Month): Promise<RunsMonth | null>;
  /** One month, made where it is missing; throws SetteeError `gone` below retention and `bad_request` outside the allowed time. */
  provisionMonth(month: Month): Promise<RunsMonth>;
}

type Caller = Pick<Principal, 'userId'>;

/** Opens spaces with the caller's role in each, and none of which he is no member. */
export interface OpenUserSpace {
  /** The personal space. */
  (caller: Caller): Promise<UserSpace>;
  /** The personal space first; without the templates. With an id only that one, which throws `not_found` where it is not the caller's. */
  all(caller: Caller, spaceId?: string): Promise<UserSpace[]>;
  one(caller: Caller, spaceId: string): Promise<UserSpace>;
}

async function provision(spaces: Spaces, access: Access, month: Month): Promise<void> {
  if (spaces.monthState(access) === 'outside') {
    throw new SetteeError(
      'bad_request',
      `Runs of ${month} cannot be kept: the account is younger, or the month is to come.`,
    );
  }
  await spaces.provisionMonth(access);
}

/** Opens the caller's spaces. */
export function createUserSpaces({ spaces }: { spaces: Spaces }): OpenUserSpace {
  const turns = createTurns();
  const store = (access: Access): DocumentStore =>
    createDocumentStore(spaces.open(access), {
      database: access.database,
      turns,
      onInserted(id, revision) {
        spaces.moves.authors.note({ database: access.database, id, revision }, access.userId);
      },
    });

  function openSpace(access: Access, list: () => Promise<ListedSpace[]>): UserSpace {
    const { database, userId } = access;

    async function runsAccess(month: Month): Promise<Access> {
      const found = await spaces.access(userId, runsDatabase(database, month));
      if (found === null) throw new SetteeError('not_found', 'There is no such month of runs.');
      return found;
    }
    async function openMonth(month: Month): Promise<RunsMonth> {
      const found = await runsAccess(month);
      return { month, database: found.database, documents: store(found) };
    }
    async function existing(): Promise<Month[]> {
      const own = (await list()).find(({ space }) => space.id === access.space.id);
      const months = own?.runs.map(({ month }) => month) ?? [];
      return sorted(months, (a, b) => (a < b ? 1 : -1));
    }
    return {
      userId,
      role: access.role,
      space: access.space,
      database,
      documents: store(access),
      months: async () => Promise.all((await existing()).map(openMonth)),
      month: async (month) => ((await existing()).includes(month) ? openMonth(month) : null),
      async provisionMonth(month) {
        await provision(spaces, await runsAccess(month), month);
        return openMonth(month);
      },
    };
  }

  async function open({ userId }: Caller): Promise<UserSpace> {
    return openSpace(await spaces.personal(userId), () => spaces.list(userId));
  }

  async function accesses(userId: string, spaceId?: string): Promise<Access[]> {
    const found = (await spaces.memberships(userId)).filter(({ space }) =>
      spaceId === undefined ? space.kind !== 'templates' : space.id === spaceId,
    );
    const opened = await Promise.all(found.map(({ space }) => spaces.access(userId, space.database)));
    return opened.flatMap((access) => access ?? []);
  }

  async function all({ userId }: Caller, spaceId?: string): Promise<UserSpace[]> {
    let listed: Promise<ListedSpace[]> | undefined;
    const list = (): Promise<ListedSpace[]> => (listed ??= spaces.list(userId));
    const found = await accesses(userId, spaceId);
    if (spaceId !== undefined && found.length === 0) {
      throw new SetteeError('not_found', 'There is no such space.');
    }
    const personalFirst = sorted(found, (a, b) => rank(a) - rank(b));
    return personalFirst.map((access) => openSpace(access, list));
  }

  return Object.assign(open, {
    all,
    async one(caller: Caller, spaceId: string) {
      const [access] = await accesses(caller.userId, spaceId);
      if (!access) throw new SetteeError('not_found', 'There is no such space.');
      return openSpace(access, () => spaces.list(caller.userId));
    },
  });
}

function rank({ space }: Access): number {
  return space.kind === 'personal' ? 0 : 1;
}
