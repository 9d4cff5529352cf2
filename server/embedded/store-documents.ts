import { result } from './callbacks.ts';
import { asCouchError, CouchError } from './couch-error.ts';
import type { IncomingDocument } from './document-checks.ts';
import type { StorageHandle } from './storage.ts';
import { refusedResult, type WriteResult } from './write-result.ts';

/** A document that knows its id. */
export type Prepared = IncomingDocument & { _id: string };

/** One document's way through the checks; `slot` is its place in the answer. */
export interface Entry {
  slot: number;
  document: Prepared;
}

/** Stores or removes a `_local/` document, and notes its result. */
export async function storeLocal(
  handle: StorageHandle,
  { slot, document }: Entry,
  results: WriteResult[],
): Promise<void> {
  try {
    const stored = document._deleted
      ? await result<{ id: string; rev: string }>((done) => handle._removeLocal(document, done))
      : await result<{ id: string; rev: string }>((done) => handle._putLocal(document, done));
    results[slot] = { ok: true, id: stored.id, rev: stored.rev };
  } catch (error) {
    results[slot] = refusedResult(document, error);
  }
}

/** Stores documents that passed every check, and notes their results. */
export async function storeRevisions(
  handle: StorageHandle,
  entries: Entry[],
  results: WriteResult[],
  newEdits: boolean,
): Promise<void> {
  // PouchDB needs the revisions of one document in order (pouchdb #2935).
  const ordered = [...entries];
  if (!newEdits) ordered.sort((a, b) => byIdAndGeneration(a.document, b.document));
  const ids = ordered.map(({ document }) => ({
    id: document._id,
    rev: document._rev as string | undefined,
  }));
  const docs = ordered.map(({ document }) => document);
  const answers = await result<unknown[]>((done) =>
    handle._bulkDocs({ docs }, { new_edits: newEdits }, done),
  );
  for (const [index, answer] of answers.entries()) {
    const { slot } = ordered[index] as Entry;
    const { id, rev } = ids[index] as { id: string; rev: string };
    if (answer instanceof Error) results[slot] = { id, refused: asCouchError(answer) ?? internal() };
    else results[slot] = { ok: true, id, rev: newEdits ? (answer as { rev: string }).rev : rev };
  }
}

const internal = (): CouchError =>
  new CouchError(500, 'internal_server_error', 'The document could not be stored.');

function byIdAndGeneration(a: Prepared, b: Prepared): number {
  if (a._id !== b._id) return a._id < b._id ? -1 : 1;
  return Number.parseInt(a._rev as string, 10) - Number.parseInt(b._rev as string, 10);
}
