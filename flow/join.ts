import { canonicalJson } from './canonical-json.ts';
import { equalJson } from './equal-json.ts';

/** Gives one of two values, or both together: the same whatever their order. */
export type Join = (a: unknown, b: unknown) => unknown;

/** The same of two values on every device, whatever their order. */
export const either: Join = (a, b) => (canonicalJson(a) >= canonicalJson(b) ? a : b);
/** The greater of two numbers or texts. */
export const greater: Join = (a, b) =>
  typeof a === typeof b ? ((a as number) >= (b as number) ? a : b) : either(a, b);
/** The lesser of two numbers or texts. */
export const lesser: Join = (a, b) =>
  typeof a === typeof b ? ((a as number) <= (b as number) ? a : b) : either(a, b);

/** Members of both; those of both sides are joined. */
export function joinFields(
  [a, b]: readonly [Record<string, unknown>, Record<string, unknown>],
  rule: (key: string) => readonly [string, Join],
): Record<string, unknown> {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();
  return Object.fromEntries(
    keys.map((key) => {
      const [left, right] = [a[key], b[key]];
      if (left === undefined || right === undefined) return [key, left ?? right];
      return [key, equalJson(left, right) ? left : rule(key)[1](left, right)];
    }),
  );
}
