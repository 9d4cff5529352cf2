import type { Log } from '../../log.ts';
import type { Directory } from '../directory.ts';
import { findDissolving } from './dissolve.ts';
import type { FlowTurns } from './flow-turns.ts';
import type { LateQueue } from './late-queue.ts';
import type { MoveDocument, MoveJournal } from './move-journal.ts';

/** What is left to be done after a crash or a failure: moves under way, spaces to be ended, databases to be looked at. */
export interface UnfinishedWork {
  begun(flowId: string): void;
  finished(flowId: string): void;
  /** Ends a space; false where it stays. What fails is tried again by the next sweep. */
  dissolve(spaceId: string): Promise<boolean>;
  /** Finishes what others began; the first time it looks everywhere. */
  sweep(signal: AbortSignal): Promise<void>;
}

export function createUnfinishedWork(options: {
  directory: Directory;
  journal: Pick<MoveJournal, 'all' | 'read'>;
  turns: FlowTurns;
  finish: (move: MoveDocument) => Promise<void>;
  dissolve: (spaceId: string) => Promise<boolean>;
  queue: Pick<LateQueue, 'addUnknown' | 'lookAtUnknown'>;
  /** All in which flows of a space may be. */
  databasesOf: (spaceId: string) => string[];
  clock: () => Date;
  log: Log;
}): UnfinishedWork {
  const { directory, journal, turns, finish, dissolve, queue, databasesOf, clock, log } = options;
  const moving = new Set<string>();
  /** Spaces whose end failed, was cut short or never began, and the time from which on they are to end. */
  const toDissolve = new Map<string, number>();
  let hasLookedEverywhere = false;

  /** Only finds what is to be done: each of it may fail without keeping the others from being done. */
  async function lookEverywhere(): Promise<void> {
    const left = new Set<string>();
    for await (const move of journal.all()) {
      if (move.state === 'moving') moving.add(move.flowId);
      for (const spaceId of move.left) left.add(spaceId);
    }
    for (const database of [...left].flatMap(databasesOf)) queue.addUnknown(database);
    const spaces = await findDissolving(directory, clock());
    for (const { spaceId, notBefore } of spaces) toDissolve.set(spaceId, notBefore);
  }

  async function dissolveOrLater(spaceId: string): Promise<boolean> {
    try {
      const isOver = await dissolve(spaceId);
      toDissolve.delete(spaceId);
      return isOver;
    } catch (error) {
      toDissolve.set(spaceId, 0);
      log.warn({ err: error, space: spaceId }, 'a space could not be dissolved; tried again later');
      return false;
    }
  }

  async function resume(flowId: string): Promise<void> {
    await turns(flowId, async () => {
      const move = await journal.read(flowId);
      if (move?.state === 'moving') await finish(move);
      else moving.delete(flowId);
    }).catch((error: unknown) => {
      log.warn({ err: error, flow: flowId }, 'a move could not be finished; tried again later');
    });
  }

  return {
    begun: (flowId) => void moving.add(flowId),
    finished: (flowId) => void moving.delete(flowId),
    dissolve: dissolveOrLater,
    async sweep(signal) {
      if (!hasLookedEverywhere) await lookEverywhere();
      hasLookedEverywhere = true;
      for (const flowId of Array.from(moving)) {
        if (signal.aborted) return;
        await resume(flowId);
      }
      await queue.lookAtUnknown();
      for (const [spaceId, notBefore] of Array.from(toDissolve)) {
        if (!signal.aborted && notBefore <= clock().getTime()) await dissolveOrLater(spaceId);
      }
    },
  };
}
