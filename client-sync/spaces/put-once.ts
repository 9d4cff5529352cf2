import { isStatus } from '../local/local-documents.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';

/** Writes a document where none of its id ever was; whether it did. What was changed or deleted since is left alone. */
export async function putOnce(db: Pouch, doc: PouchDocument): Promise<boolean> {
  const { rows } = await db.allDocs({ keys: [doc._id] });
  if (rows[0]?.value) return false;
  try {
    await db.put(doc);
    return true;
  } catch (error) {
    if (isStatus(error, 409)) return false;
    throw error;
  }
}
