import type nano from 'nano';
import { personalDatabase, type Month } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Couch } from '../couch/couch.ts';
import { createPersonal } from './create-personal.ts';
import { createDirectory, requireSpace } from './directory.ts';
import { findAccess } from './find-access.ts';
import { listMemberships } from './list-memberships.ts';
import { listSpaces } from './list-spaces.ts';
import { revokedMembers } from './membership.ts';
import { monthState } from './months.ts';
import { provisionMonth } from './provision-month.ts';
import { finishRemovals, removeSpace } from './remove-space.ts';
import { applyRetention } from './retention.ts';
import { databaseOf, monthsOf, spaceIdOf } from './space-document.ts';

export type Role = 'owner' | 'editor' | 'viewer';

export interface Space {
  /** The personal space's id is its user's id. */
  id: string;
  kind: 'personal' | 'team' | 'shared' | 'templates';
  name: string;
  database: string;
}

/** Which months of runs a space has. */
export interface MonthWindow {
  earliest: Month;
  /** Older months were dropped, except those in `kept`, whose runs are unfinished. */
  floor?: Month;
  kept: readonly Month[];
}

/** What a user may do with one database. */
export interface Access {
  userId: string;
  space: Space;
  role: Role;
  /** The database asked for: the space's own, or the one of a month's runs. */
  database: string;
  /** Set for a runs database. */
  month?: Month;
  engineRoles: string[];
  months: MonthWindow;
}

/** A space as its member sees it. */
export interface Membership {
  space: Space;
  role: Role;
}

/** The same with the months that exist. */
export interface ListedSpace extends Membership {
  runs: { month: Month; database: string }[];
}

/** A member lost the space, or has another role; requests in flight must end. */
export interface Revocation {
  spaceId: string;
  userId: string;
  /** The space's database; its runs databases start with it. */
  database: string;
}

export interface RetentionReport {
  dropped: string[];
  kept: { database: string; reason: string }[];
}

/** Who may see what: membership lives in the `directory` database, data in the databases of each space. */
export interface Spaces {
  /** Begins to follow the directory; the first use does it otherwise. */
  watch(): Promise<void>;
  /** Makes a user's own space; may be repeated. */
  createPersonal(user: { id: string; createdAt: string }): Promise<Space>;
  /** Every space of which the user is a member, the personal one first. */
  list(userId: string): Promise<ListedSpace[]>;
  /** The same without a look at what months there are. */
  memberships(userId: string): Promise<Membership[]>;
  /** Null where the database is unknown or not the user's: callers answer 404. */
  access(userId: string, database: string): Promise<Access | null>;
  /** `outside`: before the account or in the future; `gone`: below retention. A database without month is `allowed`. */
  monthState(access: Access): 'allowed' | 'gone' | 'outside';
  /** Makes the runs database of an allowed month; throws SetteeError `gone` or `not_found`. */
  provisionMonth(access: Access): Promise<'created' | 'exists'>;
  /** Lets older months be written, for imports and restores. */
  allowMonthsFrom(spaceId: string, month: Month): Promise<void>;
  /** The database with the caller's role. */
  open<D>(access: Access): nano.DocumentScope<D>;
  /** The user's own space; throws SetteeError `not_found`. */
  personal(userId: string): Promise<Access>;
  /** Deletes the user's own space with all its databases; may be repeated after a crash. */
  removeUser(userId: string): Promise<void>;
  /** Finishes removals that a crash interrupted. */
  finishRemovals(): Promise<void>;
  /** Drops runs databases that are more than `months` months old and have no unfinished run. */
  applyRetention(options: { months: number; now: Date; signal?: AbortSignal }): Promise<RetentionReport>;
  onRevoked(listener: (revocation: Revocation) => void): () => void;
  /** True while changes of other processes arrive and the directory is followed. */
  isFresh(): boolean;
  close(): Promise<void>;
}

export interface SpacesOptions {
  couch: Couch;
  log: Log;
  clock?: () => Date;
}

/** Membership is remembered in this process and kept current by the directory's change feed. */
export function createSpaces({ couch, log, clock = () => new Date() }: SpacesOptions): Spaces {
  const directory = createDirectory({ couch, log });
  const listeners = new Set<(revocation: Revocation) => void>();
  const stopWatching = directory.onChange((before, after) => {
    if (!before) return;
    const database = databaseOf(before, couch.prefix);
    for (const userId of revokedMembers(before, after)) {
      for (const listener of listeners) listener({ spaceId: spaceIdOf(before), userId, database });
    }
  });

  const access = (userId: string, database: string): Promise<Access | null> =>
    findAccess(directory, couch.prefix, userId, database);

  async function personal(userId: string): Promise<Access> {
    const found = await access(userId, personalDatabase(userId, couch.prefix));
    if (!found) throw new SetteeError('not_found', 'There is no personal space.');
    return found;
  }

  return {
    watch: () => directory.open(),
    createPersonal: (user) => createPersonal(couch, directory, user),
    memberships: (userId) => listMemberships(directory, couch.prefix, userId),
    list: (userId) => listSpaces({ couch, directory, now: clock() }, userId),
    access,
    monthState: ({ month, months }) => (month === undefined ? 'allowed' : monthState(months, month, clock())),
    provisionMonth: (asked) => provisionMonth({ couch, directory, now: clock() }, asked),
    async allowMonthsFrom(spaceId, month) {
      await requireSpace(directory, spaceId);
      await directory.update(spaceId, (current) =>
        current && month < monthsOf(current).earliest ? { ...current, earliestMonth: month } : null,
      );
    },
    open: ({ database, userId, engineRoles }) => couch.as(database, { userId, roles: engineRoles }),
    personal,
    removeUser: (userId) => removeSpace(couch, directory, userId),
    finishRemovals: () => finishRemovals(couch, directory, log),
    applyRetention: (options) => applyRetention({ ...options, couch, directory, log }),
    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    isFresh: () => directory.isFresh(),
    async close() {
      stopWatching();
      directory.close();
    },
  };
}
