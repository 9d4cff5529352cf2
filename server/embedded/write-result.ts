import { asCouchError, type CouchError } from './couch-error.ts';

/** What became of one document: its new revision, or why it was refused. */
export type WriteResult =
  { ok: true; id: string; rev: string } | { id: string; rev?: string; refused: CouchError };

/** The result of a document that an error refuses; throws the error where nobody expected it. */
export function refusedResult(value: unknown, error: unknown): WriteResult {
  const refused = asCouchError(error);
  if (!refused) throw error;
  const { _id: id, _rev: rev } = (value ?? {}) as { _id?: unknown; _rev?: unknown };
  return { id: typeof id === 'string' ? id : '', ...(typeof rev === 'string' ? { rev } : {}), refused };
}
