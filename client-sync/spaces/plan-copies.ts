import type { Notice } from '../space-types.ts';
import type { SpaceInfo, SpaceWorkspace } from '../workspace.ts';
import { copyName, listCopies, type Copy } from './copies.ts';
import { readMembership, readMemberships } from './memberships.ts';

/** A copy that goes, and why; null where the user chose to keep none on his devices. */
export interface Ending {
  copy: Copy;
  reason: Notice['kind'] | null;
}

export interface CopyPlan {
  wanted: Copy[];
  ended: Ending[];
}

/** Compares the copies that there are with what the membership documents say. */
export async function planCopies({ space, info }: SpaceWorkspace): Promise<CopyPlan> {
  const memberships = await readMemberships(space.main, info.database);
  const plan: CopyPlan = { wanted: [], ended: [] };
  const known = new Map<string, boolean>();
  for (const { info: member, isChosen } of memberships) {
    const name = copyName(member);
    known.set(name, isChosen);
    if (isChosen) plan.wanted.push({ name, info: member });
  }
  for (const copy of await listCopies(space.notes)) {
    if (known.get(copy.name) === true) continue;
    if (known.has(copy.name)) {
      plan.ended.push({ copy, reason: null });
      continue;
    }
    const state = await readMembership(space.main, copy.info.id);
    if (state.state === 'holds') plan.ended.push({ copy, reason: endOf(copy.info, state.info) });
    else if (state.state === 'ended')
      plan.ended.push({ copy, reason: state.isDeleted ? 'space-deleted' : 'rescued' });
    // The browser may have lost the personal database alone: what is not known to have ended stays.
    else plan.wanted.push(copy);
  }
  return plan;
}

/** Another grant: the role was lowered, or the membership ended in between. */
function endOf(before: SpaceInfo, now: SpaceInfo): Notice['kind'] {
  return now.role === 'viewer' && before.role !== 'viewer' ? 'role-lowered' : 'rescued';
}
