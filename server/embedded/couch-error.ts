/** An error with CouchDB's shape on the wire: an HTTP status and a body `{error, reason}`. */
export class CouchError extends Error {
  readonly status: number;
  readonly error: string;
  readonly reason: string;

  constructor(status: number, error: string, reason: string) {
    super(`${error}: ${reason}`);
    this.name = 'CouchError';
    this.status = status;
    this.error = error;
    this.reason = reason;
  }
}

export const badRequest = (reason: string): CouchError => new CouchError(400, 'bad_request', reason);
export const queryError = (reason: string): CouchError => new CouchError(400, 'query_parse_error', reason);
export const notFound = (reason = 'missing'): CouchError => new CouchError(404, 'not_found', reason);
export const conflict = (): CouchError => new CouchError(409, 'conflict', 'Document update conflict.');
export const forbidden = (reason: string): CouchError => new CouchError(403, 'forbidden', reason);
export const unauthorized = (reason: string): CouchError => new CouchError(401, 'unauthorized', reason);
export const tooLarge = (reason: string): CouchError => new CouchError(413, 'document_too_large', reason);

/** What PouchDB's own errors look like (pouchdb-errors). */
interface PouchError {
  status: number;
  name: string;
  message: string;
  reason?: string;
}

function isPouchError(error: unknown): error is PouchError {
  return (
    error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500
  );
}

/** Turns PouchDB's errors into CouchDB's; returns null for what nobody expected. */
export function asCouchError(error: unknown): CouchError | null {
  if (error instanceof CouchError) return error;
  if (!isPouchError(error)) return null;
  if (error.status === 409) return conflict();
  return new CouchError(error.status, error.name, error.reason ?? error.message);
}
