import type { Conflict } from '../conflict-types.ts';
import { flowDocId } from '../../schema/ids.ts';
import { noteBases } from '../local/bases.ts';
import { mayWrite } from '../local/flow-places.ts';
import { isStatus } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { readAllLeaves } from './leaves.ts';
import { planSettlement } from './settle.ts';

/** Looks on the server for bases that no device here has kept; true where one was found. */
export type FetchBases = (
  space: SpaceWorkspace,
  conflicts: readonly Conflict[],
  open: () => Promise<Pick<Pouch, 'get'>>,
) => Promise<boolean>;

/**
 * Whoever kept the base of a conflict may be gone, or may not write any more. The server keeps what was replaced until
 * its next compaction, and is asked once for each revision.
 */
export function createFetchBases(): FetchBases {
  const asked = new Set<string>();

  async function missingOf({ space }: SpaceWorkspace, docId: string): Promise<string[]> {
    const leaves = await readAllLeaves(space.main, docId);
    const { open } = await planSettlement(space.main, leaves, { rule: 'merge', mayDelete: true });
    return [...new Set(open.flatMap(({ missing }) => missing))].filter(
      (revision) => !asked.has(`${docId}@${revision}`),
    );
  }

  return async (space, conflicts, open) => {
    const { id } = space.info;
    if (!mayWrite(space)) return false;
    let hasFound = false;
    for (const { flowId } of conflicts.filter(({ spaceId }) => spaceId === id)) {
      const docId = flowDocId(flowId);
      for (const revision of await missingOf(space, docId)) {
        const remote = await open();
        const base = await remote.get(docId, { rev: revision }).catch((error: unknown) => {
          if (isStatus(error, 404)) return null;
          throw error;
        });
        asked.add(`${docId}@${revision}`);
        if (base === null) continue;
        await noteBases(space.space.main, [base]);
        hasFound = true;
      }
    }
    return hasFound;
  };
}
