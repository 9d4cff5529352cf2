import type { Couch } from '../../couch/couch.ts';
import type { Directory } from '../directory.ts';
import type { SharedSpaces } from '../shared-spaces.ts';
import { spaceOf } from '../space-document.ts';
import type { Space } from '../spaces.ts';
import { restoreLeaves } from '../restore-ended/restore-flow.ts';
import { announceArrival, withdrawArrival } from './arrivals.ts';
import type { Authors } from './authors.ts';
import { copyLeaves, copyVersions, endFlow, endVersions, readFlowLeaves, type Places } from './copy-flow.ts';
import { isEndOfMove, isLive } from './flow-leaves.ts';
import type { MoveDocument, MoveJournal } from './move-journal.ts';
import { markMoved, unmarkMoved } from './move-marks.ts';

export interface MoveServices {
  couch: Couch;
  directory: Directory;
  journal: MoveJournal;
  authors: Authors;
  createSpace: SharedSpaces['createSpace'];
}

/** Edits that arrive while a flow moves are carried at once; after so many rounds they are carried as late ones. */
const mostRounds = 20;

/** Another process has finished this move, and perhaps begun the next. */
class OverError extends Error {}

/**
 * Does all that a move has to do, from whatever a crash left: the flow is written in the target before it ends in the
 * source, every revision is computed from what is moved, and what another process did already changes nothing.
 */
export async function finishMove(services: MoveServices, move: MoveDocument): Promise<void> {
  const { couch, directory, journal } = services;
  try {
    const target = await openTarget(services, move);
    const source = await directory.read(move.from);
    if (target === null) return await stay(services, move);
    if (source !== null && !source.removing) {
      const places = {
        source: couch.admin<object>(spaceOf(source, couch.prefix).database),
        target: couch.admin<object>(target.database),
      };
      await carry(services, move, { places, target });
    }
    await done(journal, move);
    await withdrawArrival(directory, move);
  } catch (error) {
    if (!(error instanceof OverError)) throw error;
  }
}

/** From then on the target stays; null where it went before. */
async function openTarget(
  { couch, directory, createSpace }: MoveServices,
  move: MoveDocument,
): Promise<Space | null> {
  const { to, by, create } = move;
  if ((await directory.read(to))?.removing) return null;
  if (create) await createSpace({ ...create, id: to, kind: 'shared', owner: by });
  const target = await announceArrival(directory, move);
  return target && spaceOf(target, couch.prefix);
}

async function carry(
  { journal }: MoveServices,
  move: MoveDocument,
  { places, target }: { places: Places; target: Space },
): Promise<void> {
  const { flowId } = move;
  // Asked between reading and writing: what was read is then of a time before any later move.
  const mayWrite = (): Promise<void> => assertUnderWay(journal, move);
  for (let round = 0; round < mostRounds; round += 1) {
    const leaves = await readFlowLeaves(places.source, flowId);
    const versions = await copyVersions(places, flowId);
    if (versions === 0 && !leaves.some(isLive)) return;
    await unmarkMoved(places.target, flowId, mayWrite);
    await copyLeaves(places, leaves, move);
    await mayWrite();
    await markMoved(places.source, move, target);
    await endFlow(places.source, leaves);
    await endVersions(places, flowId);
  }
}

async function assertUnderWay(journal: MoveJournal, { flowId, moveId }: MoveDocument): Promise<void> {
  const current = await journal.read(flowId);
  if (current?.moveId !== moveId || current.state !== 'moving') throw new OverError();
}

async function done(journal: MoveJournal, move: MoveDocument): Promise<void> {
  const current = await journal.read(move.flowId);
  if (current?.moveId !== move.moveId || current.state !== 'moving') return;
  const { create: _made, ...rest } = current;
  await journal.write({ ...rest, state: 'done' });
}

/** The target is gone: what is still in the source stays there, and what was ended there comes back. */
async function stay({ couch, directory, journal }: MoveServices, move: MoveDocument): Promise<void> {
  const source = await directory.read(move.from);
  if (source && !source.removing) {
    const scope = couch.admin<object>(spaceOf(source, couch.prefix).database);
    await unmarkMoved(scope, move.flowId, () => assertUnderWay(journal, move));
    const leaves = await readFlowLeaves(scope, move.flowId);
    if (!leaves.some(isLive)) await restoreLeaves(scope, leaves.filter(isEndOfMove), move.from);
  }
  const { create: _never, ...rest } = move;
  const left = move.left.filter((spaceId) => spaceId !== move.from);
  await journal.write({ ...rest, state: 'done', to: move.from, left });
}
