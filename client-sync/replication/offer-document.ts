import { limits } from '../../schema/field-rules.ts';
import { SetteeClientError } from '../errors.ts';
import { getOrNull, isStatus, retryOnConflict } from '../local/local-documents.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';

async function leavesOf(db: Pouch, docId: string): Promise<PouchDocument[]> {
  const leaves = await db.get(docId, { open_revs: 'all', revs: true, attachments: true });
  return leaves.flatMap((leaf) => ('ok' in leaf ? [leaf.ok] : []));
}

/** Characters of a document in JSON, its attachments apart, which have a limit of their own. */
export function documentLength({ _attachments: _apart, ...doc }: PouchDocument): number {
  return JSON.stringify(doc).length;
}

/** Sends all leaves of a document to the server, outside the order of replication; whether all were taken. */
export async function offerDocument(db: Pouch, remote: Pouch, docId: string): Promise<boolean> {
  const results = await remote.bulkDocs({ docs: await leavesOf(db, docId) });
  return results.every(({ error }) => !error);
}

/**
 * Gives up local changes that the server refuses: its state becomes the newest revision here. That revision can be
 * pushed; a tombstone could not tell the refused edit from the document that was edited.
 */
export async function takeServerState(db: Pouch, remote: Pouch, docId: string): Promise<void> {
  // With attachments: a stub names bytes that may never have been here.
  const theirs = await remote.get(docId, { attachments: true }).catch((error: unknown) => {
    if (isStatus(error, 404)) return null;
    throw error;
  });
  await retryOnConflict(async () => {
    const mine = await getOrNull(db, docId);
    if (!mine?._rev || mine._rev === theirs?._rev) return;
    const next: PouchDocument = theirs
      ? { ...theirs, _rev: mine._rev }
      : {
          _id: docId,
          _rev: mine._rev,
          _deleted: true,
          ...(mine.type === undefined ? {} : { type: mine.type }),
        };
    if (documentLength(next) > limits.documentBytes) {
      throw new SetteeClientError('server_error', 'The server’s state of the document is too large as well.');
    }
    await db.put(next);
  });
}
