import { flowFromDocument } from '../../flow/flow.ts';
import { bareId, flowDocId } from '../../schema/ids.ts';
import { assertWritable } from '../local/flow-places.ts';
import { flowNotFound, onFlows, placed } from '../local/flows.ts';
import { watchQuery } from '../local/watch-query.ts';
import type { Conflict, ConflictLeaf, ConflictsApi } from '../types.ts';
import type { CurrentWorkspace, SpaceWorkspace } from '../workspace.ts';
import { isConflict, isTrivial, readLeaves, type Leaves } from './leaves.ts';
import { endTrivialConflict, resolveConflict, serverLeaf } from './resolve-conflict.ts';

function describe(space: SpaceWorkspace, leaves: Leaves): Conflict {
  const { docId, live, deletions, local } = leaves;
  const server = serverLeaf(leaves);
  const sides: ConflictLeaf[] = [
    ...live.map((leaf) => ({
      revision: leaf._rev as string,
      flow: placed(space, flowFromDocument(leaf)),
      deleted: leaf.deleted === true,
    })),
    ...deletions.map((revision) => ({ revision, flow: null, deleted: true })),
  ];
  const isDelete = sides.some(({ deleted }) => deleted) && sides.some(({ deleted }) => !deleted);
  return {
    flowId: bareId(docId),
    kind: isDelete ? 'delete' : 'edit',
    local: local && placed(space, flowFromDocument(local)),
    server: server && placed(space, flowFromDocument(server)),
    leaves: sides,
  };
}

/** The conflicts that wait for a choice; those that are none are ended on the way. */
async function findConflicts(place: SpaceWorkspace): Promise<Conflict[]> {
  const { space, flowIndex } = place;
  await flowIndex.ready();
  const found: Conflict[] = [];
  for (const docId of flowIndex.branched()) {
    const leaves = await readLeaves(space.main, docId);
    if (!isConflict(leaves)) continue;
    if (isTrivial(leaves)) await endTrivialConflict(space.main, leaves);
    else found.push(describe(place, leaves));
  }
  return found;
}

export function createConflicts(current: CurrentWorkspace, iso: () => string): ConflictsApi {
  const list = async () => {
    const workspace = current.get();
    const found = await Promise.all(
      workspace.all().map((space) =>
        findConflicts(space).catch((error: unknown) => {
          // Its membership has ended meanwhile.
          if (!workspace.all().includes(space)) return [];
          throw error;
        }),
      ),
    );
    return found.flat().toSorted((a, b) => (a.flowId < b.flowId ? -1 : 1));
  };
  return {
    list,
    async resolve(flowId, choice) {
      const place = await current.get().find(flowId);
      if (!place) throw flowNotFound(flowId);
      assertWritable(place);
      const { space, flows } = place;
      const docId = flowDocId(flowId);
      const resolved = await resolveConflict({ db: space.main, flows, docId, choice, iso: iso() });
      return placed(place, flows.remember(resolved));
    },
    watch: (listener) =>
      watchQuery({
        current,
        run: list,
        listener,
        onChange: (changed) => onFlows(current, changed),
        fingerprint: (conflicts) =>
          JSON.stringify(
            conflicts.map(({ flowId, leaves }) => [flowId, leaves.map(({ revision }) => revision)]),
          ),
      }),
  };
}
