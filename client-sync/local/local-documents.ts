import type { Pouch, PouchDocument, PouchError } from '../pouch/pouch-types.ts';

export function isStatus(error: unknown, status: number): boolean {
  return typeof error === 'object' && error !== null && (error as PouchError).status === status;
}

/** The document, or null where it is missing or deleted. */
export async function getOrNull(
  db: Pouch,
  id: string,
  options: { rev?: string; revs?: boolean; conflicts?: boolean } = {},
): Promise<PouchDocument | null> {
  try {
    return await db.get(id, options);
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

const attempts = 20;

/** Runs a read-and-write again where another tab or the replication was quicker. */
export async function retryOnConflict<T>(change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!isStatus(error, 409) || attempt === attempts) throw error;
    }
  }
}

/** Writes a document whatever is there; used for this browser's own notes. */
export async function putNote(db: Pouch, id: string, fields: Record<string, unknown>): Promise<void> {
  await retryOnConflict(async () => {
    const current = await getOrNull(db, id);
    await db.put({ ...fields, _id: id, ...(current?._rev === undefined ? {} : { _rev: current._rev }) });
  });
}

/** Removes one of this browser's own notes. */
export async function removeNote(db: Pouch, id: string): Promise<void> {
  await retryOnConflict(async () => {
    const current = await getOrNull(db, id);
    if (current?._rev !== undefined) await db.put({ _id: id, _rev: current._rev, _deleted: true });
  });
}

/** Writes a revision that was computed elsewhere, with its nearest ancestors; writing it again changes nothing. */
export async function putRevision(
  db: Pouch,
  doc: PouchDocument,
  revision: string,
  parent?: string,
): Promise<void> {
  const [generation, hash] = splitRevision(revision);
  const ids = parent === undefined ? [hash] : [hash, splitRevision(parent)[1]];
  const [failure] = await db.bulkDocs(
    { docs: [{ ...doc, _rev: revision, _revisions: { start: generation, ids } }] },
    { new_edits: false },
  );
  if (failure?.error) throw Object.assign(new Error(failure.message), failure);
}

/** `12-abc…` → [12, 'abc…']. */
export function splitRevision(revision: string): [number, string] {
  const dash = revision.indexOf('-');
  return [Number(revision.slice(0, dash)), revision.slice(dash + 1)];
}
