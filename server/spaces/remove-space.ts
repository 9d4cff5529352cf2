import { runsDatabase } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { Couch } from '../couch/couch.ts';
import type { Log } from '../log.ts';
import type { Directory } from './directory.ts';
import { removeInvitations } from './invitations/invitation-documents.ts';
import { withoutMembers } from './member-changes.ts';
import { isTold } from './membership-events.ts';
import type { Outbox } from './outbox.ts';
import { databaseOf, spaceIdOf, type SpaceDocument } from './space-document.ts';

/** Of moves into a space that begin while its removal waits for others. */
const mostRounds = 20;

/** The databases of a space's runs, oldest month first. */
export function listRunsDatabases(couch: Couch, database: string): Promise<string[]> {
  return couch.databases({
    startKey: runsDatabase(database, '0000-00'),
    endKey: runsDatabase(database, '9999-99'),
  });
}

export interface RemoveSpaceServices {
  couch: Couch;
  directory: Directory;
  outbox: Outbox;
  now: Date;
  /** Ends the moves of flows into the space: while one is under way it is not removed. */
  finishArrivals: (space: SpaceDocument) => Promise<boolean>;
  /** Looks at the document that is about to be closed, and throws where it must not be. */
  check?: (document: SpaceDocument) => void;
  /** Takes away what was published of a space that goes with everything in it. */
  unpublish: (spaceId: string) => Promise<void>;
  /** Whose it is then: once nobody can write there any more, `drain` takes to him what is left. */
  heir?: string;
  drain?: (space: SpaceDocument) => Promise<void>;
}

/**
 * Deletes a space: it is closed to everybody first and its members are told, then its months, its own database and
 * last its entry go, so that a removal cut short anywhere is found in the directory and done again.
 */
export async function removeSpace(services: RemoveSpaceServices, spaceId: string): Promise<void> {
  const { couch, directory, outbox, drain, unpublish } = services;
  const space = await closeSpace(services, spaceId);
  if (!space) return;
  await outbox.settle(spaceId);
  if (space.heir === undefined) await unpublish(spaceId);
  else await drain?.(space);
  await removeInvitations(couch, Object.keys(space.invitations ?? {}));
  const database = databaseOf(space, couch.prefix);
  for (const runs of await listRunsDatabases(couch, database)) await couch.deleteDatabase(runs);
  await couch.deleteDatabase(database);
  await directory.remove(spaceId);
}

/** Answers the closed space; null where there is none. */
async function closeSpace(
  { directory, now, check, heir, finishArrivals }: RemoveSpaceServices,
  spaceId: string,
): Promise<SpaceDocument | null> {
  for (let round = 0; round < mostRounds; round += 1) {
    const space = await directory.update(spaceId, (current) => {
      if (!current || current.removing) return null;
      check?.(current);
      if (current.arriving !== undefined) return null;
      return { ...closed(current, now), ...(heir === undefined ? {} : { heir }) };
    });
    if (!space || space.removing) return space;
    await finishArrivals(space);
  }
  throw new SetteeError('conflict', 'Flows are being moved into this space; try again.');
}

function closed(document: SpaceDocument, now: Date): SpaceDocument {
  const members = isTold(document) ? withoutMembers(document, now) : { ...document, members: {} };
  return { ...members, removing: true };
}

/** Does again what a crash cut short; one that fails is logged and does not stop the others. */
export async function finishRemovals(services: RemoveSpaceServices & { log: Log }): Promise<void> {
  const { directory, log } = services;
  const interrupted: SpaceDocument[] = [];
  for await (const space of directory.all()) if (space.removing) interrupted.push(space);
  for (const space of interrupted) {
    await removeSpace(services, spaceIdOf(space)).catch((error: unknown) => {
      log.error({ err: error, space: spaceIdOf(space) }, 'a space could not be removed; tried again later');
    });
  }
}
