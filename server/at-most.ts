/** How many entries a cache may have. */
export interface AtMost {
  maxSize: number;
  sizeCalculation: () => number;
}

/**
 * Options of an LRUCache for so many entries, of which it takes the room as they come: with `max` it would take all of it
 * at once, tens of megabytes at every start.
 */
export function atMost(entries: number): AtMost {
  return { maxSize: entries, sizeCalculation: () => 1 };
}
