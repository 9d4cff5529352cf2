import { bareId, executionDocId, idPrefixes } from '../../schema/ids.ts';
import { rescuedRunId } from '../local/hashed-id.ts';
import { writeInTurn } from '../local/in-turn.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { copyAssets } from './copy-assets.ts';
import { putOnce } from './put-once.ts';
import type { CopiesByFlow } from './rescue-flows.ts';
import { listCandidates, ownLeaves } from './unpushed.ts';

function copyOf(leaf: PouchDocument, copies: CopiesByFlow): PouchDocument {
  const content = Object.fromEntries(
    Object.entries(leaf).filter(([field]) => !field.startsWith('_') || field === '_attachments'),
  );
  const [flow] = copies.get(String(leaf.flowId)) ?? [];
  return {
    ...content,
    ...(flow ? { flowId: flow.id } : {}),
    _id: executionDocId(rescuedRunId(bareId(leaf._id))),
  };
}

/** Copies the recorded runs that were not pushed into the same months of the personal space; may be repeated. */
export async function rescueRuns(
  from: SpaceWorkspace,
  to: SpaceWorkspace,
  copies: CopiesByFlow,
): Promise<void> {
  for (const month of from.space.months()) {
    const source = from.space.database(month);
    if (!source) continue;
    for (const [docId, refusedRevision] of await listCandidates(from, month)) {
      if (!docId.startsWith(idPrefixes.execution)) continue;
      const [leaf] = await ownLeaves(source, docId, refusedRevision);
      if (!leaf) continue;
      const copy = copyOf(leaf, copies);
      const target = await to.space.runs(month);
      await copyAssets({ db: source, notes: from.space.notes }, target, copy);
      if (await writeInTurn(target, copy._id, () => putOnce(target, copy))) await to.runs.apply(month, copy);
    }
  }
}
