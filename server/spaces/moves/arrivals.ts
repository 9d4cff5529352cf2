import type { Directory } from '../directory.ts';
import { omit, own } from '../membership.ts';
import { spaceIdOf, type SpaceDocument } from '../space-document.ts';
import type { FlowTurns } from './flow-turns.ts';
import type { MoveDocument, MoveJournal } from './move-journal.ts';

/*
 * A move says in the document of its target that it is on its way there, and so does not meet the space's removal
 * half-way: a space that is being removed takes nothing in, and one that something arrives in is not removed.
 */

type Arriving = Pick<MoveDocument, 'flowId' | 'moveId' | 'to'>;

/** Answers the target; null where there is none any more. */
export async function announceArrival(
  directory: Directory,
  { flowId, moveId, to }: Arriving,
): Promise<SpaceDocument | null> {
  const target = await directory.update(to, (current) => {
    if (!current || current.removing || own(current.arriving, flowId) === moveId) return null;
    return { ...current, arriving: { ...current.arriving, [flowId]: moveId } };
  });
  return target && !target.removing ? target : null;
}

/** The flow is there, or will not come; a later move of the same flow keeps its word. */
export async function withdrawArrival(directory: Directory, { flowId, moveId, to }: Arriving): Promise<void> {
  await directory.update(to, (current) => {
    if (!current || own(current.arriving, flowId) !== moveId) return null;
    const { arriving, ...rest } = current;
    const others = omit(arriving, flowId);
    return Object.keys(others).length === 0 ? rest : { ...rest, arriving: others };
  });
}

/** Finishes the moves into a space; true where something came, be it that only the word of it was left. */
export async function endArrivals(
  {
    directory,
    journal,
    turns,
    finish,
  }: {
    directory: Directory;
    journal: Pick<MoveJournal, 'read'>;
    turns: FlowTurns;
    finish: (move: MoveDocument) => Promise<void>;
  },
  space: SpaceDocument,
): Promise<boolean> {
  const to = spaceIdOf(space);
  let cameIn = false;
  for (const [flowId, moveId] of Object.entries(space.arriving ?? {})) {
    await turns(flowId, async () => {
      const move = await journal.read(flowId);
      if (move?.state === 'moving' && move.to === to) await finish(move);
      await withdrawArrival(directory, { flowId, moveId, to });
      cameIn ||= move?.moveId === moveId && move.to === to;
    });
  }
  return cameIn;
}
