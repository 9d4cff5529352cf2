import type { Conflict } from '../conflict-types.ts';
import { flowDocId, idPrefixes } from '../../schema/ids.ts';
import { noteBases } from '../local/bases.ts';
import { mayWrite } from '../local/flow-places.ts';
import { getOrNull, isStatus } from '../local/local-documents.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { readAllLeaves } from './leaves.ts';
import { planSettlement } from './settle.ts';

interface FetchBasesOptions {
  conflicts: readonly Conflict[];
  /** The other spaces that are open: a flow may have come from one of them. */
  others: readonly SpaceWorkspace[];
  /** The main database of a space on the server. */
  open: (space: SpaceWorkspace) => Promise<Pick<Pouch, 'get'>>;
}

/** Looks on the server for bases of a space's conflicts that this device has not kept; true where one was found. */
export type FetchBases = (space: SpaceWorkspace, options: FetchBasesOptions) => Promise<boolean>;

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

  /** Where the flow is, and where it was before. */
  async function placesOf(flowId: string, space: SpaceWorkspace, others: readonly SpaceWorkspace[]) {
    const marks = await Promise.all(
      others.map((other) => getOrNull(other.space.main, idPrefixes.moved + flowId)),
    );
    return [space, ...others.filter((_, index) => marks[index] !== null)];
  }

  return async (space, { conflicts, others, open }) => {
    if (!mayWrite(space)) return false;
    let hasFound = false;
    for (const { flowId } of conflicts.filter(({ spaceId }) => spaceId === space.info.id)) {
      const docId = flowDocId(flowId);
      for (const revision of await missingOf(space, docId)) {
        let base: PouchDocument | null = null;
        for (const place of await placesOf(flowId, space, others)) {
          base ??= await readRevision(await open(place), docId, revision);
        }
        asked.add(`${docId}@${revision}`);
        if (base === null) continue;
        await noteBases(space.space.main, [base]);
        hasFound = true;
      }
    }
    return hasFound;
  };
}

async function readRevision(
  remote: Pick<Pouch, 'get'>,
  docId: string,
  rev: string,
): Promise<PouchDocument | null> {
  try {
    return await remote.get(docId, { rev });
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}
