import { parseDatabaseName, personalDatabase } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Couch } from '../couch/couch.ts';
import { createPersonal } from './create-personal.ts';
import { createDirectory } from './directory.ts';
import { createExportSpace } from './export-space.ts';
import { findAccess } from './find-access.ts';
import { createInvitations } from './invitations/invitations.ts';
import { leaveSpaces, ownedAlone } from './leave-spaces.ts';
import { listMemberships } from './list-memberships.ts';
import { listSpaces } from './list-spaces.ts';
import { inOutbox } from './member-changes.ts';
import { isFormer } from './membership.ts';
import { createMembershipEvents, isTold } from './membership-events.ts';
import { monthState } from './months.ts';
import { createOutbox } from './outbox.ts';
import { provisionMonth } from './provision-month.ts';
import { finishRemovals, removeSpace } from './remove-space.ts';
import { requireSpace } from './require-space.ts';
import { applyRetention } from './retention.ts';
import { createRevocations } from './revocations.ts';
import { createMoves } from './moves/moves.ts';
import { createEndedFlows } from './restore-ended/ended-flows.ts';
import { createSharedSpaces, type SharedSpaces } from './shared-spaces.ts';
import { monthsOf, spaceIdIn, type SpaceDocument } from './space-document.ts';
import { createSpaceMembers } from './space-members.ts';
import type { Access, Spaces } from './spaces.ts';
import { startSweep } from './start-sweep.ts';
import { ensureTemplates } from './templates-space.ts';
import { createHiddenFlows } from './templates/hidden-flows.ts';
import { createTemplates } from './templates/templates.ts';

export interface SpacesOptions {
  couch: Couch;
  log: Log;
  clock?: () => Date;
}

/** Opens a deployment's spaces; who is in them is remembered here and kept current by the directory's change feed. */
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
  const { authors } = moves;
  const hiddenFlows = createHiddenFlows({ couch, directory, authors, templates, log });
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
    hiddenFlows,
    afterWrite({ database, source, userId }) {
      if (userId === undefined) moves.afterUnknownWrite(database);
      else moves.afterWrite({ database, userId });
      // The server itself ends nothing that is not elsewhere.
      if (source !== 'server') endedFlows.afterWrite(database);
      hiddenFlows.afterWrite({ database, userId });
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
      startSweep({ outbox, invitations, moves, endedFlows, hiddenFlows, log, signal: closing.signal });
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
      hiddenFlows.close();
      directory.close();
    },
  };
}
