type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function write(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.keys(value).toSorted();
    return `{${members.map((key) => `${JSON.stringify(key)}:${write(value[key] as Json)}`).join(',')}}`;
  }
  return JSON.stringify(value);
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
  return write(JSON.parse(text) as Json);
}
