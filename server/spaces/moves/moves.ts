import { randomUUID } from 'node:crypto';
import { personalDatabase, spaceDatabase } from '../../../schema/index.ts';
import type { Couch, DocumentChange } from '../../couch/couch.ts';
import { SetteeError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Directory } from '../directory.ts';
import { roleIn } from '../membership.ts';
import type { Outbox } from '../outbox.ts';
import type { SharedSpaces } from '../shared-spaces.ts';
import { databaseOf, type SpaceDocument } from '../space-document.ts';
import type { Role } from '../spaces.ts';
import { endArrivals } from './arrivals.ts';
import { dissolve, drainSpace, findDissolving, type DissolveServices } from './dissolve.ts';
import { finishMove, type MoveServices } from './finish-move.ts';
import { isLive } from './flow-leaves.ts';
import { createAuthors, type Authors } from './authors.ts';
import { createFlowTurns } from './flow-turns.ts';
import { carryLate } from './late-edits.ts';
import { createLateQueue } from './late-queue.ts';
import { createLateWatch } from './late-watch.ts';
import { readFlowLeaves } from './copy-flow.ts';
import { createMoveJournal, moveDocumentSchema, movePrefix, type MoveDocument } from './move-journal.ts';

export interface MoveRequest {
  flowId: string;
  /** Ids of spaces. */
  from: string;
  to: string;
  /** An owner of the source who may write in the target. */
  by: string;
  /** Makes the target first, as a space of one flow; `by` owns it. */
  create?: { name: string; members: Record<string, Role> };
}

/** Flows that go from one space to another, with their history. */
export interface Moves {
  /** Moves a flow; repeated, it does nothing. Throws SetteeError `not_found` or `forbidden`. */
  moveFlow(request: MoveRequest): Promise<void>;
  /** Somebody wrote in a database: what is there of flows that left it is taken on. */
  afterWrite(written: { database: string; userId: string }): void;
  /** Who sends what is noted before it is stored. */
  readonly authors: Authors;
  /** The same as `afterWrite` where nobody knows who wrote; the next sweep looks. */
  afterUnknownWrite(database: string): void;
  /**
   * Ends a space of shared flows where nobody but its owner is left; false where somebody is. What fails is tried again
   * by the next sweep.
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

const mostAttempts = 20;

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
  const unfinished = new Set<string>();
  /** Spaces whose end failed, or was cut short. */
  const toDissolve = new Set<string>();
  let hasLookedEverywhere = false;
  const watch = createLateWatch({
    couch,
    onLate: (late) => turns(late.flowId, () => carryLate(services, late)),
  });
  const queue = createLateQueue({ look: (database, writers) => watch.look(database, writers), log });
  const stop = directory.onOther(onFeed);

  function onFeed({ id, doc }: DocumentChange): void {
    if (!id.startsWith(movePrefix)) return;
    const move = moveDocumentSchema.safeParse(doc).data;
    if (!move) return;
    if (move.state === 'moving') unfinished.add(move.flowId);
    else unfinished.delete(move.flowId);
    for (const spaceId of [...move.left, move.to]) forget(spaceId);
  }

  /** Whatever kind of space it is. */
  function databasesOf(spaceId: string): string[] {
    return [personalDatabase(spaceId, couch.prefix), spaceDatabase(spaceId, couch.prefix)];
  }

  function forget(spaceId: string): void {
    for (const database of databasesOf(spaceId)) watch.forget(database);
  }

  async function finish(move: MoveDocument): Promise<void> {
    await finishMove(services, move);
    unfinished.delete(move.flowId);
    for (const spaceId of [...move.left, move.to]) forget(spaceId);
  }

  /** True where the flow is there; throws where the caller may not move it. */
  async function mayMove({ flowId, from, to, by, create }: MoveRequest): Promise<boolean> {
    const source = await directory.read(from);
    assertRoles({ source, target: create ? undefined : await directory.read(to), by });
    if (!source) return false;
    const scope = couch.admin<object>(databaseOf(source, couch.prefix));
    return (await readFlowLeaves(scope, flowId)).some(isLive);
  }

  async function tryToMove(request: MoveRequest): Promise<'done' | 'again'> {
    const { flowId, from, to, by, create } = request;
    const current = await journal.read(flowId);
    if (current?.state === 'moving') {
      await finish(current);
      return 'again';
    }
    if (current?.left.includes(from)) await carryLate(services, { spaceId: from, flowId, writers: null });
    if (current?.to === to && current.left.includes(from)) return 'done';
    if (current?.left.includes(from) || !(await mayMove(request))) {
      throw new SetteeError('not_found', 'There is no such flow in this space.');
    }
    // Anybody may make a flow with an id that he knows: only where this one comes from what was left is known of it.
    const before = current?.to === from ? current.left : [];
    const left = [...new Set([...before, from])].filter((spaceId) => spaceId !== to);
    const written = await journal.write({
      ...(current?._rev === undefined ? {} : { _rev: current._rev }),
      _id: `${movePrefix}${flowId}`,
      type: 'move',
      flowId,
      moveId: randomUUID(),
      state: 'moving',
      from,
      to,
      by,
      startedAt: clock().toISOString(),
      left,
      ...(create === undefined ? {} : { create }),
    });
    if (written === null) return 'again';
    unfinished.add(flowId);
    await finish(written);
    const over = await journal.read(flowId);
    if (over?.moveId === written.moveId && over.to !== to) {
      throw new SetteeError('not_found', 'There is no such space.');
    }
    return 'done';
  }

  /** Only finds what is to be done: each of it may fail without keeping the others from being done. */
  async function lookEverywhere(): Promise<void> {
    const left = new Set<string>();
    for await (const move of journal.all()) {
      if (move.state === 'moving') unfinished.add(move.flowId);
      for (const spaceId of move.left) left.add(spaceId);
    }
    for (const database of [...left].flatMap(databasesOf)) queue.addUnknown(database);
    for (const spaceId of await findDissolving(directory)) toDissolve.add(spaceId);
  }

  async function dissolveOrLater(spaceId: string): Promise<boolean> {
    try {
      const isOver = await dissolve(ending, spaceId);
      toDissolve.delete(spaceId);
      return isOver;
    } catch (error) {
      toDissolve.add(spaceId);
      log.warn({ err: error, space: spaceId }, 'a space could not be dissolved; tried again later');
      return false;
    }
  }

  async function resume(flowId: string): Promise<void> {
    await turns(flowId, async () => {
      const move = await journal.read(flowId);
      if (move?.state === 'moving') await finish(move);
      else unfinished.delete(flowId);
    }).catch((error: unknown) => {
      log.warn({ err: error, flow: flowId }, 'a move could not be finished; tried again later');
    });
  }

  async function moveFlow(request: MoveRequest): Promise<void> {
    if (request.from === request.to) return;
    await turns(request.flowId, async () => {
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        if ((await tryToMove(request)) === 'done') return;
      }
      throw new SetteeError('conflict', 'This flow is being moved by others; try again.');
    });
  }

  const finishArrivals: Moves['finishArrivals'] = (space) =>
    endArrivals({ directory, journal, turns, finish }, space);

  const carry: DissolveServices['carry'] = (late) =>
    turns(late.flowId, () => carryLate(services, { ...late, isClosed: true }));
  const ending: DissolveServices = {
    couch,
    directory,
    outbox,
    clock,
    moveFlow,
    finishArrivals,
    carry,
    ended,
  };

  return {
    moveFlow,
    dissolve: dissolveOrLater,
    finishArrivals,
    drain: (space) => drainSpace(ending, space),
    authors,
    afterWrite: ({ database, userId }) => queue.add(database, userId),
    afterUnknownWrite: (database) => queue.addUnknown(database),
    async whereabouts(flowId) {
      const move = await journal.read(flowId);
      return move && { spaceId: move.to, isUnderWay: move.state === 'moving' };
    },
    async sweep(signal) {
      if (!hasLookedEverywhere) await lookEverywhere();
      hasLookedEverywhere = true;
      for (const flowId of Array.from(unfinished)) {
        if (signal.aborted) return;
        await resume(flowId);
      }
      await queue.lookAtUnknown();
      for (const spaceId of Array.from(toDissolve)) {
        if (!signal.aborted) await dissolveOrLater(spaceId);
      }
    },
    settled: () => queue.settled(),
    close() {
      stop();
      queue.close();
    },
  };
}

function assertRoles({
  source,
  target,
  by,
}: {
  source: SpaceDocument | null;
  /** Undefined where it is to be made. */
  target: SpaceDocument | null | undefined;
  by: string;
}): void {
  const role = roleIn(source, by);
  if (role === null) throw new SetteeError('not_found', 'There is no such flow in this space.');
  if (role !== 'owner') throw new SetteeError('forbidden', 'Only an owner of the space moves its flows.');
  if (target === undefined) return;
  const there = target?.kind === 'templates' ? null : roleIn(target, by);
  if (there === null) throw new SetteeError('not_found', 'There is no such space.');
  if (there === 'viewer') throw new SetteeError('read_only', 'Your role in the other space is viewer.');
}
