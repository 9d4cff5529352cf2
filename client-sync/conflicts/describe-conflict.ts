import { diff3 } from '../../flow/diff3.ts';
import { flowFromDocument } from '../../flow/flow.ts';
import type { Settlement } from '../../flow/merge-document.ts';
import { bareId } from '../../schema/ids.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { readBases } from '../local/bases.ts';
import { mayWrite } from '../local/flow-places.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { Flow } from '../flow-types.ts';
import type { Conflict, ConflictLeaf } from '../conflict-types.ts';
import type { SpaceInfo } from '../workspace.ts';
import type { Leaves } from './leaves.ts';
import { serverLeaf } from './resolve-conflict.ts';

interface Described {
  info: SpaceInfo;
  leaves: Leaves;
  settlement: Pick<Settlement, 'open'>;
  db: Pouch;
}

/** The content that the two foremost sides have in common, where it is kept here. */
async function readBase({ db, leaves, settlement }: Described): Promise<FlowDocument | null> {
  const revision = settlement.open.find(({ base }) => base !== null)?.base;
  if (revision === undefined || revision === null) return null;
  const base = (await readBases(db, leaves.docId)).get(revision);
  return (base as FlowDocument | undefined) ?? null;
}

/** What a person needs to see of a conflict. */
export async function describeConflict(described: Described): Promise<Conflict> {
  const { info, leaves } = described;
  const { docId, live, deletions, local } = leaves;
  const show = (doc: FlowDocument): Flow => ({ ...flowFromDocument(doc), spaceId: info.id });
  const server = serverLeaf(leaves);
  const base = await readBase(described);
  const sides: ConflictLeaf[] = [
    ...live.map((leaf) => ({
      revision: leaf._rev as string,
      flow: show(leaf),
      deleted: leaf.deleted === true,
    })),
    ...deletions.map((revision) => ({ revision, flow: null, deleted: true })),
  ];
  const isDelete = sides.some(({ deleted }) => deleted) && sides.some(({ deleted }) => !deleted);
  return {
    flowId: bareId(docId),
    spaceId: info.id,
    kind: isDelete ? 'delete' : 'edit',
    local: local && show(local),
    server: server && show(server),
    leaves: sides,
    ...(base === null ? {} : { base: show(base) }),
    diff: diff3({ base, sides: live }),
    canResolve: mayWrite({ info }),
  };
}
