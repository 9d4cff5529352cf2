import type nano from 'nano';
import { z } from 'zod';
import { idPrefixes, schemaVersion } from '../../../schema/index.ts';
import { orNull } from '../../couch/engine-error.ts';
import type { Space } from '../spaces.ts';
import { childOf, isLive, readLeaves, tombstoneOf, writeLeaves } from './flow-leaves.ts';
import type { MoveDocument } from './move-journal.ts';

const markSchema = z.looseObject({ to: z.looseObject({ spaceId: z.string() }) });

type Scope = nano.DocumentScope<object>;

export function movedDocId(flowId: string): string {
  return idPrefixes.moved + flowId;
}

/**
 * Leaves word where a flow went, and no more than everybody who reads there may know. A first revision each time, of
 * its own: whoever writes it again later, when the flow is back, changes nothing.
 */
export async function markMoved(
  scope: Scope,
  { flowId, moveId, startedAt }: MoveDocument,
  to: Pick<Space, 'id' | 'kind'>,
): Promise<void> {
  const document = {
    _id: movedDocId(flowId),
    type: 'moved',
    schemaVersion,
    flowId,
    moveId,
    to: { spaceId: to.id, kind: to.kind },
    movedAt: startedAt,
  };
  await writeLeaves(scope, [childOf(document)]);
}

/** Takes the word back where the flow returns; `mayWrite` is asked after what is to end was read. */
export async function unmarkMoved(
  scope: Scope,
  flowId: string,
  mayWrite: () => Promise<void>,
): Promise<void> {
  const marks = (await readLeaves(scope, movedDocId(flowId))).filter(isLive);
  if (marks.length === 0) return;
  await mayWrite();
  await writeLeaves(scope, marks.map(tombstoneOf));
}

/** The id of the space to which a flow went from this one, as the word that was left says; null where there is none. */
export async function readMoved(scope: Scope, flowId: string): Promise<string | null> {
  const found = await orNull(scope.get(movedDocId(flowId)));
  return found === null ? null : markSchema.parse(found).to.spaceId;
}

/** Bare ids of the flows that left a database. */
export async function listMoved(scope: Scope): Promise<string[]> {
  const { rows } = await scope.list({ startkey: idPrefixes.moved, endkey: 'moved;' });
  return rows.map(({ id }) => id.slice(idPrefixes.moved.length));
}
