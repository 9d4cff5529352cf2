import type { Conflict } from '../conflict-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { describeConflict } from './describe-conflict.ts';
import { isConflict, readLeaves } from './leaves.ts';

/** A flow that could not be settled, as a person sees it: with no base, and as a conflict only where it is one. */
export async function describeUnsettled(
  { info, space }: SpaceWorkspace,
  docId: string,
): Promise<Conflict | null> {
  const db = space.main;
  const leaves = await readLeaves(db, docId);
  return isConflict(leaves) ? describeConflict({ info, leaves, settlement: { open: [] }, db }) : null;
}
