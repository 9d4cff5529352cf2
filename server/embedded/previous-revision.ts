import { rootToLeaf } from 'pouchdb-merge';
import { result } from './callbacks.ts';
import type { IncomingDocument } from './document-checks.ts';
import type { DocumentMetadata, StorageHandle, StoredDocument } from './storage.ts';

/** The revision tree of a document, deleted or not; null where it never existed. */
export async function readRevisionTree(handle: StorageHandle, id: string): Promise<unknown> {
  return await result<unknown>((done) => handle._getRevisionTree(id, done)).catch(() => null);
}

async function readRevision(handle: StorageHandle, id: string, rev: string): Promise<StoredDocument | null> {
  const found = await result<{ doc: StoredDocument; metadata: DocumentMetadata }>((done) =>
    handle._get(id, { rev }, done),
  ).catch(() => null);
  return found?.doc ?? null;
}

/**
 * The revision that a write builds on, as validators see it in `oldDoc`: with new edits the named `_rev`,
 * under replication the nearest ancestor that is stored, and nothing for a document that starts anew
 * (couch_db.erl, prep_and_validate_update and load_prev).
 */
export async function readPreviousRevision(
  handle: StorageHandle,
  document: IncomingDocument & { _id: string },
  newEdits: boolean,
): Promise<StoredDocument | null> {
  const { _id: id } = document;
  if (newEdits)
    return typeof document._rev === 'string' ? await readRevision(handle, id, document._rev) : null;
  const { start, ids } = (document._revisions as { start: number; ids: string[] } | undefined) ?? {
    start: 0,
    ids: [],
  };
  if (ids.length < 2) return null;
  const tree = await readRevisionTree(handle, id);
  if (!tree) return null;
  const stored = new Set(
    rootToLeaf(tree).flatMap((path) =>
      path.ids.flatMap((node, index) =>
        node.opts.status === 'available' ? [`${path.pos + index}-${node.id}`] : [],
      ),
    ),
  );
  for (const [index, hash] of ids.entries()) {
    const rev = `${start - index}-${hash}`;
    if (index > 0 && stored.has(rev)) return await readRevision(handle, id, rev);
  }
  return null;
}
