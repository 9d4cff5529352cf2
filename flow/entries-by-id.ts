import type { ReactFlow } from '../schema/index.ts';

/** A node or an edge. */
export type GraphEntry = ReactFlow['nodes'][number] | ReactFlow['edges'][number];

/** Graphs in the wild repeat ids; the n-th entry of an id stands against the n-th of the other side. */
export function entriesById(entries: readonly GraphEntry[]): Map<string, GraphEntry> {
  const found = new Map<string, GraphEntry>();
  for (const entry of entries) {
    let key = entry.id;
    for (let n = 2; found.has(key); n += 1) key = `${entry.id} (${n})`;
    found.set(key, entry);
  }
  return found;
}
