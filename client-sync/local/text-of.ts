/** A field of a document that anybody may have written: text as it is, anything else as none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
