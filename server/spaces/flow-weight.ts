import type nano from 'nano';
import { flowDocId } from '../../schema/index.ts';
import { orNull } from '../couch/engine-error.ts';
import { assetsIn, readVersions } from './moves/kept-content.ts';
import type { Amount } from './usage-meter.ts';

type Scope = nano.DocumentScope<object>;

/** What a document takes: its JSON, and its attachments as the engine tells of them. */
function bytesOf(document: object): number {
  const { _attachments } = document as { _attachments?: Record<string, { length?: number }> };
  const attached = Object.values(_attachments ?? {}).map(({ length = 0 }) => length);
  return attached.reduce((sum, length) => sum + length, Buffer.byteLength(JSON.stringify(document)));
}

/** The assets that these documents name and the target has not got. */
export async function weightOfAssets(
  { source, target }: { source: Scope; target: Scope },
  documents: readonly object[],
): Promise<Amount> {
  const ids = [...new Set(documents.flatMap((document) => assetsIn(document)))];
  if (ids.length === 0) return { documents: 0, bytes: 0 };
  const { rows } = await target.fetchRevs({ keys: ids });
  const missing = ids.filter((_id, index) => {
    const row = rows[index];
    return !(row && 'value' in row && (row.value as { deleted?: boolean }).deleted !== true);
  });
  if (missing.length === 0) return { documents: 0, bytes: 0 };
  const found = (await source.fetch({ keys: missing })).rows.flatMap((row) =>
    'doc' in row && row.doc ? [row.doc as object] : [],
  );
  return { documents: found.length, bytes: found.reduce((sum, document) => sum + bytesOf(document), 0) };
}

/** What a flow brings with it where it moves: itself, its versions and its assets; null where there is no such flow. */
export async function weightOfFlow(
  places: { source: Scope; target: Scope },
  flowId: string,
): Promise<Amount | null> {
  const flow = await orNull(places.source.get(flowDocId(flowId)));
  if (flow === null) return null;
  const total = await weightOfAssets(places, [flow]);
  total.documents += 1;
  total.bytes += bytesOf(flow);
  for await (const { winner } of readVersions(places.source, flowId)) {
    total.documents += 1;
    total.bytes += bytesOf(winner);
  }
  return total;
}
