import { flowFromDocument } from '../../flow/flow.ts';
import { bareId, flowDocId } from '../../schema/ids.ts';
import { onFlows } from '../local/flows.ts';
import { watchQuery } from '../local/watch-query.ts';
import type { Conflict, ConflictLeaf, ConflictsApi } from '../types.ts';
import type { CurrentWorkspace, SpaceWorkspace } from '../workspace.ts';
import { isConflict, isTrivial, readLeaves, type Leaves } from './leaves.ts';
import { endTrivialConflict, resolveConflict, serverLeaf } from './resolve-conflict.ts';

function describe(leaves: Leaves): Conflict {
  const { docId, live, deletions, local } = leaves;
  const server = serverLeaf(leaves);
  const sides: ConflictLeaf[] = [
    ...live.map((leaf) => ({
      revision: leaf._rev as string,
      flow: flowFromDocument(leaf),
      deleted: leaf.deleted === true,
    })),
    ...deletions.map((revision) => ({ revision, flow: null, deleted: true })),
  ];
  const isDelete = sides.some(({ deleted }) => deleted) && sides.some(({ deleted }) => !deleted);
  return {
    flowId: bareId(docId),
    kind: isDelete ? 'delete' : 'edit',
    local: local && flowFromDocument(local),
    server: server && flowFromDocument(server),
    leaves: sides,
  };
}

/** The conflicts that wait for a choice; those that are none are ended on the way. */
async function findConflicts({ space, flowIndex }: SpaceWorkspace): Promise<Conflict[]> {
  await flowIndex.ready();
  const found: Conflict[] = [];
  for (const docId of flowIndex.branched()) {
    const leaves = await readLeaves(space.main, docId);
    if (!isConflict(leaves)) continue;
    if (isTrivial(leaves)) await endTrivialConflict(space.main, leaves);
    else found.push(describe(leaves));
  }
  return found.toSorted((a, b) => (a.flowId < b.flowId ? -1 : 1));
}

export function createConflicts(current: CurrentWorkspace, iso: () => string): ConflictsApi {
  const list = async () => findConflicts(current.get().personal);
  return {
    list,
    async resolve(flowId, choice) {
      const { space, flows } = current.get().personal;
      const docId = flowDocId(flowId);
      return flows.remember(await resolveConflict({ db: space.main, flows, docId, choice, iso: iso() }));
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
