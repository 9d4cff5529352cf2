/** A copy without the named fields. */
export function without<T extends object>(value: T, fields: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !fields.includes(key))) as Partial<T>;
}
