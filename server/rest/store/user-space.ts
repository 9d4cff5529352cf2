import { runsDatabase, type Month } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import { SetteeError } from '../../errors.ts';
import type { Access, Role, Spaces } from '../../spaces/spaces.ts';
import { createTurns } from './turns.ts';
import { sorted } from './sorted.ts';
import { createDocumentStore, type DocumentStore } from './document-store.ts';

/** One month's runs of a space. */
export interface RunsMonth {
  month: Month;
  database: string;
  documents: DocumentStore;
}

/** What a request may touch: the caller's own space and its months of runs, nothing else. */
export interface UserSpace {
  userId: string;
  role: Role;
  database: string;
  documents: DocumentStore;
  /** The months that exist, newest first. */
  months(): Promise<RunsMonth[]>;
  /** One month, or null where it does not exist. */
  month(month: Month): Promise<RunsMonth | null>;
  /** One month, made where it is missing; throws SetteeError `gone` below retention and `bad_request` outside the allowed time. */
  provisionMonth(month: Month): Promise<RunsMonth>;
}

export type OpenUserSpace = (principal: Pick<Principal, 'userId'>) => Promise<UserSpace>;

async function provision(spaces: Spaces, access: Access, month: Month): Promise<void> {
  if (spaces.monthState(access) === 'outside') {
    throw new SetteeError(
      'bad_request',
      `Runs of ${month} cannot be kept: the account is younger, or the month is to come.`,
    );
  }
  await spaces.provisionMonth(access);
}

/** Opens the caller's personal space with the caller's role. */
export function createUserSpaces({ spaces }: { spaces: Spaces }): OpenUserSpace {
  const turns = createTurns();
  const store = (access: Access): DocumentStore =>
    createDocumentStore(spaces.open(access), { database: access.database, turns });

  return async ({ userId }) => {
    const access = await spaces.personal(userId);
    const { database } = access;

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
      const own = (await spaces.list(userId)).find(({ space }) => space.id === access.space.id);
      const months = own?.runs.map(({ month }) => month) ?? [];
      return sorted(months, (a, b) => (a < b ? 1 : -1));
    }
    return {
      userId,
      role: access.role,
      database,
      documents: store(access),
      months: async () => Promise.all((await existing()).map(openMonth)),
      month: async (month) => ((await existing()).includes(month) ? openMonth(month) : null),
      async provisionMonth(month) {
        await provision(spaces, await runsAccess(month), month);
        return openMonth(month);
      },
    };
  };
}
