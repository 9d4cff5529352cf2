import { personalDatabase, spaceDatabase } from '../../../schema/index.ts';
import type { Couch, DocumentChange } from '../../couch/couch.ts';
import type { Log } from '../../log.ts';
import type { Directory } from '../directory.ts';
import type { Outbox } from '../outbox.ts';
import type { SharedSpaces } from '../shared-spaces.ts';
import type { SpaceDocument } from '../space-document.ts';
import { endArrivals } from './arrivals.ts';
import { createAuthors, type Authors } from './authors.ts';
import { dissolve, drainSpace, type DissolveServices } from './dissolve.ts';
import { finishMove, type MoveServices } from './finish-move.ts';
import { createFlowTurns } from './flow-turns.ts';
import { carryLate } from './late-edits.ts';
import { createLateQueue } from './late-queue.ts';
import { createLateWatch } from './late-watch.ts';
import { createMoveFlow, type MoveRequest } from './move-flow.ts';
import { createMoveJournal, moveDocumentSchema, movePrefix, type MoveDocument } from './move-journal.ts';
import { createUnfinishedWork } from './unfinished-work.ts';

/** Flows that go from one space to another, with their history. */
export interface Moves {
  /** Moves a flow; repeated, it does nothing. Throws SetteeError `not_found` or `forbidden`. */
  moveFlow(request: MoveRequest): Promise<void>;
  /** Throws SetteeError `quota_exceeded` where `moveFlow` would: only what writes for users has a quota. */
  assertRoom(request: MoveRequest): Promise<void>;
  /** Somebody wrote in a database: what is there of flows that left it is taken on. */
  afterWrite(written: { database: string; userId: string }): void;
  /** Who sends what is noted before it is stored. */
  readonly authors: Authors;
  /** The same as `afterWrite` where nobody knows who wrote; the next sweep looks. */
  afterUnknownWrite(database: string): void;
  /**
   * Ends a space of shared flows where nobody but its owner is left and nobody is invited; false where it stays for now.
   * What fails is tried again by the next sweep.
   */
  dissolve(spaceId: string): Promise<boolean>;
  /** Brings to its heir what is left in a space that is being removed. */
  drain(space: SpaceDocument): Promise<void>;
  /** Finishes what is on its way into a space that is to be removed; true where something came. */
  finishArrivals(space: SpaceDocument): Promise<boolean>;
  /** Where a flow went, of those that ever moved. */
  whereabouts(flowId: string): Promise<{ spaceId: string; isUnderWay: boolean } | null>;
  /** Finishes what others began; the first time it looks everywhere. */
  sweep(signal: AbortSignal): Promise<void>;
  /** Resolves when all that was noticed so far is done. */
  settled(): Promise<void>;
  close(): void;
}

export function createMoves(options: {
  couch: Couch;
  directory: Directory;
  outbox: Outbox;
  createSpace: SharedSpaces['createSpace'];
  /** Resolves when requests of whoever was revoked are over. */
  ended?: () => Promise<void>;
  clock: () => Date;
  log: Log;
}): Moves {
  const { couch, directory, outbox, createSpace, clock, log, ended = () => Promise.resolve() } = options;
  const journal = createMoveJournal(couch);
  const authors = createAuthors();
  const services: MoveServices = { couch, directory, journal, authors, createSpace };
  const turns = createFlowTurns();
  const watch = createLateWatch({
    couch,
    onLate: (late) => turns(late.flowId, () => carryLate(services, late)),
  });
  const queue = createLateQueue({ look: (database, writers) => watch.look(database, writers), log });

  /** Whatever kind of space it is. */
  function databasesOf(spaceId: string): string[] {
    return [personalDatabase(spaceId, couch.prefix), spaceDatabase(spaceId, couch.prefix)];
  }

  function forgetPlacesOf({ left, to }: MoveDocument): void {
    for (const database of [...left, to].flatMap(databasesOf)) watch.forget(database);
  }

  async function finish(move: MoveDocument): Promise<void> {
    await finishMove(services, move);
    unfinished.finished(move.flowId);
    forgetPlacesOf(move);
  }

  const moveFlow = createMoveFlow({
    services,
    turns,
    finish,
    onBegun: (flowId) => unfinished.begun(flowId),
    clock,
  });
  const ending: DissolveServices = {
    couch,
    directory,
    outbox,
    clock,
    moveFlow,
    finishArrivals: (space) => endArrivals({ directory, journal, turns, finish }, space),
    carry: (late) => turns(late.flowId, () => carryLate(services, { ...late, isClosed: true })),
    ended,
  };
  const unfinished = createUnfinishedWork({
    directory,
    journal,
    turns,
    finish,
    dissolve: (spaceId) => dissolve(ending, spaceId),
    queue,
    databasesOf,
    clock,
    log,
  });
  const stop = directory.onOther(onFeed);

  function onFeed({ id, doc }: DocumentChange): void {
    if (!id.startsWith(movePrefix)) return;
    const move = moveDocumentSchema.safeParse(doc).data;
    if (!move) return;
    if (move.state === 'moving') unfinished.begun(move.flowId);
    else unfinished.finished(move.flowId);
    forgetPlacesOf(move);
  }

  return {
    moveFlow,
    assertRoom: () => Promise.resolve(),
    dissolve: (spaceId) => unfinished.dissolve(spaceId),
    finishArrivals: ending.finishArrivals,
    drain: (space) => drainSpace(ending, space),
    authors,
    afterWrite: ({ database, userId }) => queue.add(database, userId),
    afterUnknownWrite: (database) => queue.addUnknown(database),
    async whereabouts(flowId) {
      const move = await journal.read(flowId);
      return move && { spaceId: move.to, isUnderWay: move.state === 'moving' };
    },
    sweep: (signal) => unfinished.sweep(signal),
    settled: () => queue.settled(),
    close() {
      stop();
      queue.close();
    },
  };
}
