import { entriesById, type GraphEntry } from './entries-by-id.ts';
import { equalJson } from './equal-json.ts';
import { mergeOrder } from './merge-order.ts';
import { agree, changedSides, mergeValue, type FieldRules, type MergeContext } from './three-way.ts';

type Entry = GraphEntry & Record<string, unknown>;

/** What React Flow notes while somebody looks: which entry is selected, what was measured. Nobody's work. */
const viewFields = ['selected', 'dragging', 'resizing', 'measured', 'positionAbsolute'];

const entryRules: FieldRules = {
  atom: (path) => path[3] === 'position',
  later: (path) => path.length === 4 && viewFields.includes(path[3] ?? ''),
};

function withoutView(entry: Entry | undefined): object | undefined {
  if (entry === undefined) return undefined;
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !viewFields.includes(key)));
}

/** Handles are null or absent where a node has only one: where sides disagree in nothing else, both say null. */
function alignHandles(sides: readonly (Entry | undefined)[]): (Entry | undefined)[] {
  const mixed = ['sourceHandle', 'targetHandle'].filter(
    (key) =>
      sides.some((side) => side?.[key] === null) &&
      sides.some((side) => side !== undefined && side[key] === undefined),
  );
  if (mixed.length === 0) return [...sides];
  return sides.map((side) => {
    if (side === undefined) return undefined;
    const handles = mixed.filter((key) => side[key] === undefined).map((key) => [key, null]);
    return { ...side, ...Object.fromEntries(handles) } as Entry;
  });
}

/** The place where React Flow draws an entry belongs to the position that was taken. */
function withPlace(merged: Entry, sides: readonly (Entry | undefined)[]): Entry {
  if (merged.positionAbsolute === undefined) return merged;
  const owners = sides.filter((side) => side !== undefined && equalJson(side.position, merged.position));
  if (owners.some((side) => equalJson(side?.positionAbsolute, merged.positionAbsolute))) return merged;
  const place = owners.find((side) => side?.positionAbsolute !== undefined)?.positionAbsolute;
  return place === undefined ? merged : { ...merged, positionAbsolute: place };
}

interface EntrySides {
  base: Entry | undefined;
  sides: readonly (Entry | undefined)[];
}

/** One entry; undefined where it is deleted. Deleting what another side changed is a conflict, and it stays. */
function mergeEntry(context: MergeContext, path: string[], { base, sides }: EntrySides): Entry | undefined {
  const present = sides.filter((side) => side !== undefined);
  const seen = { base: withoutView(base), sides: sides.map(withoutView) };
  const by = changedSides(context, seen.base, seen.sides);
  const isWhole = present.length < sides.length || (context.based && base === undefined);
  if (!isWhole) {
    const merged = mergeValue(context, path, { base, sides: alignHandles(sides), rules: entryRules });
    return withPlace(merged as Entry, sides);
  }
  const aligned = base === undefined ? alignHandles(sides) : sides;
  const agreed = agree(aligned.map(withoutView), by) && (context.based || present.length === sides.length);
  if (by.length > 0) {
    context.changes.push({ path, base, sides: [...sides], by, conflict: !agreed });
  }
  if (agreed && by.some((index) => sides[index] === undefined)) return undefined;
  // Merged all the same, so that what is shown holds the most of both.
  const inner = { ...context, changes: [] };
  const known = aligned.filter((side) => side !== undefined);
  const times = context.times.filter((_, index) => aligned[index] !== undefined);
  const rules = { ...entryRules, later: () => true };
  const merged = mergeValue({ ...inner, times }, path, { base, sides: known, rules });
  return merged as Entry;
}

/** Merges the nodes or the edges of a graph by id. */
export function mergeEntries(
  context: MergeContext,
  path: string[],
  { base, sides }: { base: readonly GraphEntry[]; sides: readonly (readonly GraphEntry[])[] },
): GraphEntry[] {
  const before = entriesById(base);
  const after = sides.map(entriesById);
  const merged = new Map<string, GraphEntry>();
  for (const key of new Set([before, ...after].flatMap((entries) => [...entries.keys()]))) {
    const found = {
      base: before.get(key),
      sides: after.map((entries) => entries.get(key)),
    };
    const entry = mergeEntry(context, [...path, key], found);
    if (entry !== undefined) merged.set(key, entry);
  }
  const order = mergeOrder(context, {
    base: [...before.keys()],
    sides: after.map((entries) => [...entries.keys()]),
    merged: new Set(merged.keys()),
  });
  return order.map((key) => merged.get(key) as GraphEntry);
}
