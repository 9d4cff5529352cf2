import { isSpaceGone } from '../../couch/engine-error.ts';
import { SetteeError } from '../../errors.ts';

interface EngineFailure {
  statusCode?: unknown;
  error?: unknown;
  reason?: unknown;
}

/** The HTTP status with which the engine refused a request, or null where it gave none (it could not be reached). */
export function engineStatus(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null;
  const { statusCode } = error as EngineFailure;
  return typeof statusCode === 'number' ? statusCode : null;
}

function reasonOf(error: unknown): string {
  const { reason } = error as EngineFailure;
  return typeof reason === 'string' ? reason : 'The document was refused.';
}

/** Turns the engine's refusal of a single write, as thrown or as a row of `_bulk_docs`, into the error that REST callers see. */
export function refusal(error: string, reason: string, cause?: unknown): SetteeError {
  if (error === 'forbidden') return new SetteeError('invalid_document', reason, { cause });
  if (error === 'unauthorized') return new SetteeError('forbidden', reason, { cause });
  return new SetteeError('internal_error', 'The engine refused a document.', {
    cause: cause ?? new Error(`${error}: ${reason}`),
  });
}

/** Maps what a call to the engine threw; errors that are already Settee's pass through. */
export function fromEngine(error: unknown): Error {
  if (error instanceof SetteeError) return error;
  if (isSpaceGone(error)) return new SetteeError('not_found', 'There is no such space.', { cause: error });
  const status = engineStatus(error);
  if (status === 403) return refusal('forbidden', reasonOf(error), error);
  if (status === 401) return refusal('unauthorized', reasonOf(error), error);
  if (status === 413) return new SetteeError('payload_too_large', reasonOf(error), { cause: error });
  if (
    status === null &&
    error instanceof Error &&
    error.message.startsWith('error happened in your connection')
  ) {
    return new SetteeError('engine_unavailable', 'The database cannot be reached just now.', {
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error('The engine failed.', { cause: error });
}
