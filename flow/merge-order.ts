import { canonicalJson } from './canonical-json.ts';
import type { MergeContext } from './three-way.ts';

interface Orders {
  base: readonly string[];
  sides: readonly (readonly string[])[];
  /** What the merged list holds. */
  merged: ReadonlySet<string>;
}

function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}

/** Sorts sides by a count of theirs, then by time, then by what they say: never by the order in which they came. */
function ranked<T>(context: MergeContext, values: readonly T[], countOf: (value: T) => number): T[] {
  const rank = values.map((value, index) => ({
    value,
    count: countOf(value),
    time: context.times[index] ?? '',
  }));
  return rank
    .toSorted((a, b) => {
      if (a.count !== b.count) return b.count - a.count;
      if (a.time !== b.time) return a.time > b.time ? -1 : 1;
      return canonicalJson(a.value) > canonicalJson(b.value) ? -1 : 1;
    })
    .map(({ value }) => value);
}

/** What was there before, in the base's order or in that of the side that changed it, the later one of several. */
function keptOrder(context: MergeContext, { base, sides, merged }: Orders): string[] {
  const known = new Set(base);
  const before = base.filter((key) => merged.has(key));
  const orders = sides.map((side) => side.filter((key) => known.has(key) && merged.has(key)));
  const [changed] = ranked(context, orders, (order) => {
    const own = new Set(order);
    return Number(
      !sameOrder(
        order,
        before.filter((key) => own.has(key)),
      ),
    );
  });
  const lead = changed ?? before;
  const has = new Set(lead);
  const isChanged = !sameOrder(
    lead,
    before.filter((key) => has.has(key)),
  );
  return isChanged ? insertAfter(lead, before) : before;
}

/** Puts what is missing behind what stands before it in the other list. */
function insertAfter(order: readonly string[], other: readonly string[]): string[] {
  const next = [...order];
  const has = new Set(order);
  let after: string | undefined;
  for (const key of other) {
    if (!has.has(key)) {
      next.splice(after === undefined ? 0 : next.indexOf(after) + 1, 0, key);
      has.add(key);
    }
    after = key;
  }
  return next;
}

/**
 * The order of a merged list: that of the base, unless a side sorted anew, and behind its neighbours whatever a side
 * added. The same whatever the order of the sides.
 */
export function mergeOrder(context: MergeContext, orders: Orders): string[] {
  const { sides, merged, base } = orders;
  const known = new Set(base);
  const present = sides.map((side) => side.filter((key) => merged.has(key)));
  const byAdditions = ranked(context, present, (side) => side.filter((key) => !known.has(key)).length);
  return byAdditions.reduce(insertAfter, keptOrder(context, orders));
}
