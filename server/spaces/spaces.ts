import type nano from 'nano';
import { parseDatabaseName, personalDatabase, type MembershipEnd, type Month } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Couch } from '../couch/couch.ts';
import { createPersonal } from './create-personal.ts';
import { createDirectory } from './directory.ts';
import { createExportSpace, type ExportSpace } from './export-space.ts';
import { findAccess } from './find-access.ts';
import { createInvitations, type Invitations } from './invitations/invitations.ts';
import { leaveSpaces, ownedAlone, type OwnedSpace } from './leave-spaces.ts';
import { listMemberships } from './list-memberships.ts';
import { listSpaces } from './list-spaces.ts';
import { inOutbox } from './member-changes.ts';
import { isFormer } from './membership.ts';
import { createMembershipEvents, isTold, type MembershipEvent } from './membership-events.ts';
import { monthState } from './months.ts';
import { createOutbox } from './outbox.ts';
import { provisionMonth } from './provision-month.ts';
import { finishRemovals, removeSpace } from './remove-space.ts';
import { requireSpace } from './require-space.ts';
import { applyRetention } from './retention.ts';
import { createRevocations, type RevocationListener } from './revocations.ts';
import { createMoves, type Moves } from './moves/moves.ts';
import type { RingSource } from './doorbell.ts';
import { createEndedFlows, type EndedFlows } from './restore-ended/ended-flows.ts';
import { createSharedSpaces, type SharedSpaces } from './shared-spaces.ts';
import { monthsOf, spaceIdIn, type SpaceDocument } from './space-document.ts';
import { createSpaceMembers, type SpaceMembers } from './space-members.ts';
import { startSweep } from './start-sweep.ts';
import { ensureTemplates } from './templates-space.ts';
import { createTemplates, type Templates } from './templates/templates.ts';

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
  /** Names the membership, where it has a name: the local copy of an earlier one must not go on with it. */
  grant?: string;
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
  /** Null where the user is still a member, or where that is not known. */
  end: MembershipEnd | null;
}

export interface RetentionReport {
  dropped: string[];
  kept: { database: string; reason: string }[];
}

/** Who may see what: membership lives in the `directory` database, data in the databases of each space. */
export interface Spaces extends SharedSpaces, SpaceMembers {
  /**
   * Makes what every deployment has, follows the directory, and finishes from time to time what crashes cut short, in
   * whatever process. Without it the first use follows the directory, and nothing more.
   */
  watch(): Promise<void>;
  readonly invitations: Invitations;
  readonly moves: Moves;
  readonly templates: Templates;
  readonly endedFlows: EndedFlows;
  /** Documents were written: what there is of them that the server sets right is looked for. */
  afterWrite(written: { database: string; source: RingSource; userId?: string | undefined }): void;
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
  exportSpace: ExportSpace;
  /** The spaces with other members that would be left without an owner. */
  ownedAlone(userId: string): Promise<OwnedSpace[]>;
  /** Takes the user out of all spaces and deletes those where he was alone; may be repeated after a crash. */
  removeUser(userId: string): Promise<void>;
  /** Finishes removals that a crash interrupted. */
  finishRemovals(): Promise<void>;
  /** Drops runs databases that are more than `months` months old and have no unfinished run. */
  applyRetention(options: { months: number; now: Date; signal?: AbortSignal }): Promise<RetentionReport>;
  /** Writes every membership document of these spaces anew, for restores. */
  renewMemberships(spaceIds: readonly string[]): Promise<void>;
  /** Told at once, in every process, of everybody who lost a space or holds it otherwise than before. */
  onRevoked(listener: RevocationListener): () => void;
  /** Told in every process once a membership document was written; sometimes again of what is known already. */
  onMembership(listener: (event: MembershipEvent) => void): () => void;
  /** Why somebody without access has it no more; null for whoever never had it, or a space long gone. */
  endedFor(userId: string, database: string): Promise<MembershipEnd | null>;
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
  const events = createMembershipEvents(directory);
  const outbox = createOutbox({ couch, directory, events, log });
  const dissolve = (spaceId: string): Promise<boolean> => moves.dissolve(spaceId);
  const invitations = createInvitations({ couch, directory, outbox, dissolve, clock });
  const closing = new AbortController();
  const revocations = createRevocations(directory, couch.prefix);
  const finishArrivals = (space: SpaceDocument): Promise<boolean> => moves.finishArrivals(space);
  const unpublish = (spaceId: string): Promise<void> => templates.removeIn(spaceId);
  const services = { couch, directory, outbox, finishArrivals, unpublish };
  const shared = createSharedSpaces({ ...services, clock });
  const members = createSpaceMembers({ ...services, clock, ended: () => revocations.ended() });
  const createSpace: SharedSpaces['createSpace'] = (space) => shared.createSpace(space);
  const moves = createMoves({ ...services, createSpace, ended: () => revocations.ended(), clock, log });
  const templates = createTemplates({ couch, clock });
  const endedFlows = createEndedFlows({ couch, directory, log });
  const access = (userId: string, database: string): Promise<Access | null> =>
    findAccess(directory, couch.prefix, userId, database);

  async function personal(userId: string): Promise<Access> {
    const found = await access(userId, personalDatabase(userId, couch.prefix));
    if (!found) throw new SetteeError('not_found', 'There is no personal space.');
    return found;
  }

  return {
    ...shared,
    ...members,
    async removeMember(spaceId, userId, by) {
      await members.removeMember(spaceId, userId, by);
      await dissolve(spaceId);
    },
    invitations,
    moves,
    templates,
    endedFlows,
    afterWrite({ database, source, userId }) {
      if (userId === undefined) moves.afterUnknownWrite(database);
      else moves.afterWrite({ database, userId });
      // The server itself ends nothing that is not elsewhere.
      if (source !== 'server') endedFlows.afterWrite(database);
    },
    exportSpace: createExportSpace({
      couch,
      directory,
      clock,
      onRevoked: (listener) => revocations.onRevoked(listener),
    }),
    async watch() {
      await directory.open();
      await ensureTemplates(couch, directory, clock());
      startSweep({ outbox, invitations, moves, endedFlows, log, signal: closing.signal });
    },
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
    ownedAlone: (userId) => ownedAlone(directory, userId),
    async removeUser(userId) {
      await templates.removeOf(userId);
      await leaveSpaces({ ...services, now: clock(), dissolve }, userId);
      await removeSpace({ ...services, now: clock() }, userId);
    },
    finishRemovals: () =>
      finishRemovals({ ...services, now: clock(), log, drain: (space) => moves.drain(space) }),
    applyRetention: (options) => applyRetention({ ...options, couch, directory, log }),
    async renewMemberships(spaceIds) {
      for (const spaceId of spaceIds) {
        await directory.update(spaceId, (current) =>
          current && isTold(current) ? inOutbox(current, ...Object.keys(current.members)) : null,
        );
        await outbox.settleOrLater(spaceId);
      }
    },
    onRevoked: (listener) => revocations.onRevoked(listener),
    onMembership: (listener) => events.onMembership(listener),
    async endedFor(userId, database) {
      const parsed = parseDatabaseName(database, couch.prefix);
      const spaceId = parsed && spaceIdIn(parsed);
      const document = spaceId === null ? null : await directory.get(spaceId);
      if (!isFormer(document, userId)) return null;
      return document?.removing === true ? 'space_deleted' : 'membership_ended';
    },
    isFresh: () => directory.isFresh(),
    async close() {
      closing.abort();
      revocations.close();
      events.close();
      outbox.close();
      moves.close();
      endedFlows.close();
      directory.close();
    },
  };
}
