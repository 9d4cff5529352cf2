import type { Couch } from '../couch/couch.ts';
import { eachOf } from '../couch/each-of.ts';
import type { Log } from '../log.ts';
import type { Directory } from './directory.ts';
import { writeMembership } from './membership-documents.ts';
import { isTold, stateOf, type MembershipEvents } from './membership-events.ts';
import { spaceIdOf, spaceOf, type SpaceDocument } from './space-document.ts';

const writesAtOnce = 4;
/** Changes that come while one is written are written in the next round. */
const mostRounds = 20;

/** Brings membership documents into line with the directory: what a crash cut short, any process finishes. */
export interface Outbox {
  /** Writes what is owed for a space, until nothing is. Throws where the engine fails; it is tried again later. */
  settle(spaceId: string): Promise<void>;
  /** The same where the change itself was made already, and its caller must not be told of a failure. */
  settleOrLater(spaceId: string): Promise<void>;
  /** Finishes what others began: the first time it looks at every space, later at those that the feed named. */
  finish(signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface OutboxOptions {
  couch: Couch;
  directory: Directory;
  events: MembershipEvents;
  log: Log;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { couch, directory, events, log } = options;
  const unfinished = new Set<string>();
  let hasLookedAtAll = false;
  const stop = directory.onFeed((spaceId, document) => {
    if (document && owes(document)) unfinished.add(spaceId);
    else unfinished.delete(spaceId);
  });

  /** Answers what the user was told. */
  async function tell(spaceId: string, userId: string): Promise<string | null> {
    const document = await writeMembership(options, spaceId, userId);
    events.settled(spaceId, document, userId);
    return stateOf(document, userId);
  }

  /** One round; false where nothing is owed any more. */
  async function round(spaceId: string): Promise<boolean> {
    const document = await directory.read(spaceId);
    if (!document || !owes(document)) return false;
    if (document.making) await make(document);
    const told = new Map<string, string | null>();
    await eachOf(document.outbox ?? [], { concurrency: writesAtOnce }, async (userId) => {
      told.set(userId, await tell(spaceId, userId));
    });
    const next = await directory.update(spaceId, (current) => current && withoutTold(current, told));
    return next !== null && owes(next);
  }

  async function make(document: SpaceDocument): Promise<void> {
    const { database, id } = spaceOf(document, couch.prefix);
    await couch.createDatabase(database, 'space', id);
    const current = await directory.read(id);
    // The space was removed while its database was made.
    if (!current || current.removing) await couch.deleteDatabase(database);
  }

  async function settle(spaceId: string): Promise<void> {
    for (let count = 0; count < mostRounds; count += 1) if (!(await round(spaceId))) return;
  }

  async function settleOrLater(spaceId: string): Promise<void> {
    await settle(spaceId).catch((error: unknown) => {
      unfinished.add(spaceId);
      log.warn({ err: error, space: spaceId }, 'memberships could not be written; tried again later');
    });
  }

  return {
    settle,
    settleOrLater,
    async finish(signal) {
      if (!hasLookedAtAll) {
        for await (const document of directory.all()) if (owes(document)) unfinished.add(spaceIdOf(document));
        hasLookedAtAll = true;
      }
      // What fails is put back, for the next time.
      const now = Array.from(unfinished);
      unfinished.clear();
      for (const spaceId of now) {
        if (signal.aborted) return;
        await settleOrLater(spaceId);
      }
    },
    close: stop,
  };
}

function owes(document: SpaceDocument): boolean {
  return isTold(document) && ((document.outbox?.length ?? 0) > 0 || document.making === true);
}

/**
 * Takes out of the outbox whoever was told what is still so, and puts in whoever was told something else: another
 * process may have told him the truth before.
 */
function withoutTold(document: SpaceDocument, told: ReadonlyMap<string, string | null>): SpaceDocument {
  const { making, outbox = [], ...rest } = document;
  const left = [...new Set([...outbox, ...told.keys()])].filter(
    (userId) => !told.has(userId) || told.get(userId) !== stateOf(document, userId),
  );
  if (making === undefined && left.join() === outbox.join()) return document;
  return left.length > 0 ? { ...rest, outbox: left } : rest;
}
