import type nano from 'nano';
import type { MembershipEnd, Month } from '../../schema/index.ts';
import type { ExportSpace } from './export-space.ts';
import type { Invitations } from './invitations/invitations.ts';
import type { OwnedSpace } from './leave-spaces.ts';
import type { MembershipEvent } from './membership-events.ts';
import type { RevocationListener } from './revocations.ts';
import type { Moves } from './moves/moves.ts';
import type { RingSource } from './doorbell.ts';
import type { EndedFlows } from './restore-ended/ended-flows.ts';
import type { SharedSpaces } from './shared-spaces.ts';
import type { SpaceMembers } from './space-members.ts';
import type { HiddenFlows } from './templates/hidden-flows.ts';
import type { Templates } from './templates/templates.ts';

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
  readonly hiddenFlows: HiddenFlows;
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
