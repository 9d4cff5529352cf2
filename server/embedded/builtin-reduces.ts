import { BuiltInError } from 'pouchdb-mapreduce-utils';

type Reduce = (keys: unknown[] | null, values: unknown[]) => unknown;

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** CouchDB adds numbers, arrays position by position and objects key by key; a number counts as [number]. */
function add(left: unknown, right: unknown): unknown {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (isObject(left) && isObject(right)) {
    const total = new Map(Object.entries(left));
    for (const [key, value] of Object.entries(right)) {
      total.set(key, total.has(key) ? add(total.get(key), value) : value);
    }
    return Object.fromEntries(total);
  }
  const [a, b] = [left, right].map((side) => (typeof side === 'number' ? [side] : side));
  if (!Array.isArray(a) || !Array.isArray(b)) {
    throw new BuiltInError(
      'The _sum function requires that map values be numbers, arrays of numbers, or objects.',
    );
  }
  const longer = a.length > b.length ? a : b;
  return longer.map((_, index) => {
    if (index >= a.length) return b[index] as unknown;
    return index >= b.length ? (a[index] as unknown) : add(a[index], b[index]);
  });
}

function sum(values: unknown[]): unknown {
  return values.reduce((total, value) => add(total, value), 0);
}

function stats(values: unknown[]): unknown {
  const first = values[0];
  if (Array.isArray(first)) {
    return first.map((_, index) =>
      stats(values.map((value) => (Array.isArray(value) ? (value[index] as unknown) : value))),
    );
  }
  const total = { sum: 0, count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, sumsqr: 0 };
  for (const value of values) {
    if (typeof value !== 'number')
      throw new BuiltInError('The _stats function requires that map values be numbers.');
    total.sum += value;
    total.count += 1;
    total.min = Math.min(total.min, value);
    total.max = Math.max(total.max, value);
    total.sumsqr += value * value;
  }
  return total;
}

/** Exact here, where CouchDB estimates: the engine has all keys at hand. */
function distinct(keys: unknown[] | null): number {
  return new Set((keys ?? []).map((pair) => JSON.stringify((pair as unknown[])[0]))).size;
}

const builtins: Record<string, Reduce> = {
  _sum: (_keys, values) => sum(values),
  _count: (_keys, values) => values.length,
  _stats: (_keys, values) => stats(values),
  _approx_count_distinct: (keys) => distinct(keys),
};

/** The built-in of that name, null for a function's source; throws BuiltInError for an unknown `_name`. */
export function builtinReduce(name: string): Reduce | null {
  const trimmed = name.trim();
  if (!trimmed.startsWith('_')) return null;
  const builtin = Object.hasOwn(builtins, trimmed) ? builtins[trimmed] : undefined;
  if (!builtin) throw new BuiltInError(`${trimmed} is not a built-in reduce function.`);
  return builtin;
}
