import { canonicalJson } from './canonical-json.ts';
import { equalJson, isPlainObject, memberOf } from './equal-json.ts';

/** What the sides made of one place in a document: `sides` in the order in which they were given. */
export interface MergeChange {
  path: string[];
  /** Undefined where there was nothing, or where nobody knows the base. */
  base: unknown;
  sides: unknown[];
  /** Places of the sides that differ from the base. */
  by: number[];
  /** Whether somebody has to choose. */
  conflict: boolean;
}

/** One merge under way. */
export interface MergeContext {
  /** Whether there is a base: without one, every difference is a conflict. */
  based: boolean;
  /** When each side was written last. */
  times: readonly string[];
  changes: MergeChange[];
}

/** Tells places apart. */
export type PlaceTest = (path: readonly string[]) => boolean;

/** How a place inside a document merges. */
export interface FieldRules {
  /** Objects here are taken whole. */
  atom: PlaceTest;
  /** Where sides differ, the later one's is taken and nothing is said of it. */
  later: PlaceTest;
}

function orderOf(value: unknown): string {
  return value === undefined ? '' : canonicalJson(value);
}

/** Of these sides, the one that was written last; of several, by the value itself, never by their order. */
export function leadOf(
  { times }: MergeContext,
  values: readonly unknown[],
  among: readonly number[],
): number {
  return among.reduce((best, index) => {
    const [a = '', b = ''] = [times[best], times[index]];
    if (a !== b) return a > b ? best : index;
    return orderOf(values[best]) >= orderOf(values[index]) ? best : index;
  });
}

/** The sides that differ from the base; all of them where there is none. */
export function changedSides(context: MergeContext, base: unknown, sides: readonly unknown[]): number[] {
  const all = [...sides.keys()];
  return context.based ? all.filter((index) => !equalJson(sides[index], base)) : all;
}

/** Whether these sides say the same. */
export function agree(sides: readonly unknown[], among: readonly number[]): boolean {
  const [first = 0, ...others] = among;
  return others.every((index) => equalJson(sides[first], sides[index]));
}

function keysOf(values: readonly unknown[]): string[] {
  return [...new Set(values.flatMap((value) => (isPlainObject(value) ? Object.keys(value) : [])))].toSorted();
}

/** Merges one place: takes what only one side changed, looks into objects, and notes what is disputed. */
export function mergeValue(
  context: MergeContext,
  path: string[],
  { base, sides, rules }: { base: unknown; sides: readonly unknown[]; rules: FieldRules },
): unknown {
  const by = changedSides(context, base, sides);
  if (by.length === 0) return base;
  const isObject = sides.every(isPlainObject) && (base === undefined || isPlainObject(base));
  if (isObject && !rules.atom(path)) {
    const entries = keysOf([base, ...sides]).map((key) => {
      const inner = { base: memberOf(base, key), sides: sides.map((side) => memberOf(side, key)), rules };
      return [key, mergeValue(context, [...path, key], inner)] as const;
    });
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }
  const agreed = agree(sides, by) && (context.based || by.length === sides.length);
  if (!rules.later(path) && (context.based || !agreed)) {
    context.changes.push({ path, base, sides: [...sides], by, conflict: !agreed });
  }
  if (agreed) return sides[by[0] ?? 0];
  // What is shown until somebody chooses: an edit rather than its absence.
  const present = by.filter((index) => sides[index] !== undefined && sides[index] !== null);
  const among = rules.later(path) || present.length === 0 ? by : present;
  return sides[leadOf(context, sides, among)];
}
