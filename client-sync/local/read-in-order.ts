import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';

/** The documents of these ids in their order; deleted and missing ones are left out. */
export async function readInOrder(db: Pouch, ids: string[]): Promise<PouchDocument[]> {
  if (ids.length === 0) return [];
  const { rows } = await db.allDocs({ keys: ids, include_docs: true });
  return rows.flatMap(({ doc }) => (doc && !doc._deleted ? [doc] : []));
}
