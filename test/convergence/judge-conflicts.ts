import type { StoredDocument } from './device-storage.ts';
import type { Model } from './model.ts';
import { valuesOf, type Values } from './values.ts';

function ancestryOf({ _revisions }: StoredDocument): string[] {
  const { start, ids } = _revisions as { start: number; ids: string[] };
  return ids.map((id, n) => `${start - n}-${id}`);
}

function changed(from: Values, to: Values): Map<string, number | undefined> {
  const slots = new Set([...from.keys(), ...to.keys()]);
  return new Map(
    [...slots].filter((slot) => from.get(slot) !== to.get(slot)).map((slot) => [slot, to.get(slot)]),
  );
}

/** Whether two leaves change the same place in different ways since their nearest common ancestor; null: not known. */
function overlap(model: Model, flowId: string, a: StoredDocument, b: StoredDocument): boolean | null {
  if ((a.deleted === true) !== (b.deleted === true)) return true;
  const others = new Set(ancestryOf(b));
  const base = ancestryOf(a).find((revision) => others.has(revision));
  const content = base === undefined ? null : model.contentOf(flowId, base);
  if (!content) return null;
  const [left, right] = [changed(content, valuesOf(a)), changed(content, valuesOf(b))];
  return [...left].some(([slot, token]) => right.has(slot) && right.get(slot) !== token);
}

/** (d) The conflicts in a database that the merge rules could have settled. */
export function settleable(model: Model, database: string, docs: readonly StoredDocument[]): string[] {
  const byId = new Map<string, StoredDocument[]>();
  for (const doc of docs.filter(({ _id, _deleted }) => _id.startsWith('flow:') && _deleted !== true))
    byId.set(doc._id, [...(byId.get(doc._id) ?? []), doc]);
  return [...byId].flatMap(([id, leaves]) => {
    const flowId = id.slice('flow:'.length);
    const pairs = leaves.flatMap((a, n) => leaves.slice(n + 1).map((b) => [a, b] as const));
    const revisions = leaves.map(({ _rev }) => _rev).join(', ');
    if (pairs.some(([a, b]) => a.mergeVersion !== undefined && b.mergeVersion !== undefined))
      return [`two merges stand against each other: ${id} in ${database}: ${revisions}`];
    const isFree = pairs.length > 0 && pairs.every(([a, b]) => overlap(model, flowId, a, b) === false);
    return isFree ? [`a conflict that could be settled: ${id} in ${database}: ${revisions}`] : [];
  });
}
