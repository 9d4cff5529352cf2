type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function write(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.keys(value).toSorted();
    return `{${members.map((key) => `${JSON.stringify(key)}:${write(value[key] as Json)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Keys that an object does not keep in the order in which they are set. */
const unordered = /^(?:\d+|__proto__)$/;

/** The same with its keys in order; undefined where an object cannot keep them so. */
function ordered(value: Json): Json | undefined {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const members = value.map(ordered);
    return members.includes(undefined) ? undefined : (members as Json[]);
  }
  const next: { [key: string]: Json } = {};
  for (const key of Object.keys(value).toSorted()) {
    const member = unordered.test(key) ? undefined : ordered(value[key] as Json);
    if (member === undefined) return undefined;
    next[key] = member;
  }
  return next;
}

/** A field that anybody may have written: text as it is, anything else as none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/**
 * JSON with the keys of every object in code-unit order, so that the same content is the same text on every device.
 * Values that JSON has no word for follow `JSON.stringify`: undefined members vanish, dates become ISO text.
 */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError('Only JSON values have a canonical form');
  const plain = JSON.parse(text) as Json;
  const inOrder = ordered(plain);
  // The engine writes text many times faster; almost every document can be had so.
  return inOrder === undefined ? write(plain) : JSON.stringify(inOrder);
}
