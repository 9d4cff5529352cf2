/** A sorted copy, in the order that `compare` says or else that of text. */
export function sorted<T>(values: Iterable<T>, compare?: (a: T, b: T) => number): T[] {
  return [...values].toSorted(compare);
}
