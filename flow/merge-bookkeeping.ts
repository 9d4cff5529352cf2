import { canonicalJson, textOf } from './canonical-json.ts';
import { agree, changedSides, leadOf, type MergeContext } from './three-way.ts';

type Combine = (context: MergeContext, base: unknown, sides: readonly unknown[]) => unknown;

const texts = (values: readonly unknown[]) => values.filter((value) => typeof value === 'string');
const least: Combine = (_context, _base, sides) => texts(sides).toSorted()[0];
const greatest: Combine = (_context, _base, sides) => texts(sides).toSorted().at(-1);

/** What one side changed, else the later side's. */
const later: Combine = (context, base, sides) => {
  const by = changedSides(context, base, sides);
  return by.length === 0 ? base : sides[leadOf(context, sides, by)];
};

function partsOf(version: string): number[] {
  return (version.split(/[-+]/)[0] ?? '').split('.').map(Number);
}

/** By precedence as far as numbers go (Semantic Versioning 2.0.0, 11), else as text. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  const place = left.findIndex((part, index) => part !== right[index]);
  if (place !== -1) return (left[place] ?? 0) - (right[place] ?? 0);
  const [isPre, isOtherPre] = [a.includes('-'), b.includes('-')];
  if (isPre !== isOtherPre) return isPre ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

const highest: Combine = (context, base, sides) => {
  const by = changedSides(context, base, sides);
  if (by.length === 0) return base;
  const changed = texts(by.map((index) => sides[index]));
  return changed.toSorted(compareVersions).at(-1) ?? base;
};

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Members of the base that no side removed, then what the sides added, in the order that `sort` gives. */
function mergeMembers(
  base: readonly unknown[],
  sides: readonly (readonly unknown[])[],
  sort: (added: Map<string, unknown>) => unknown[],
): unknown[] {
  const before = new Map(base.map((member) => [canonicalJson(member), member]));
  const after = sides.map((side) => new Map(side.map((member) => [canonicalJson(member), member])));
  const kept = [...before].filter(([key]) => after.every((side) => side.has(key)));
  const added = new Map(after.flatMap((side) => [...side].filter(([key]) => !before.has(key))));
  return [...kept.map(([, member]) => member), ...sort(added)];
}

/** A list of which the order says little, such as tags or the history of versions. */
function members(sort: (added: Map<string, unknown>) => unknown[]): Combine {
  return (context, base, sides) => {
    const by = changedSides(context, base, sides);
    if (by.length === 0) return base;
    if (agree(sides, by)) return sides[by[0] ?? 0];
    return mergeMembers(listOf(base), sides.map(listOf), sort);
  };
}

function timeOf(entry: unknown): string {
  return textOf((entry as { timestamp?: unknown } | null)?.timestamp);
}

/** Tags that several sides added, in the order of the letters; a side's own order stays where it alone changed them. */
export const mergeTags = members((added) =>
  [...added].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, tag]) => tag),
);

const mergeHistory = members((added) =>
  [...added]
    .toSorted(([a, left], [b, right]) => {
      const [first, second] = [timeOf(left), timeOf(right)];
      if (first !== second) return first < second ? -1 : 1;
      return a < b ? -1 : 1;
    })
    .map(([, entry]) => entry),
);

/** Fields that are never a conflict: when, where and under which number something was saved. Nothing asks a clock. */
export const bookkeepingRules: Readonly<Record<string, Combine>> = {
  createdAt: least,
  updatedAt: greatest,
  lastAccessedAt: greatest,
  publishedAt: later,
  createdOnDevice: later,
  lastModifiedOnDevice: later,
  userAgent: later,
  version: highest,
  versionHistory: mergeHistory,
};
