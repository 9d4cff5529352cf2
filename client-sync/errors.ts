/** The stable codes of the errors that client-sync throws. Add to the list; never change what a code means. */
export type SetteeErrorCode =
  | 'offline'
  | 'signed_out'
  | 'invalid_credentials'
  | 'email_taken'
  | 'invalid_input'
  | 'rate_limited'
  | 'server_error'
  | 'not_found'
  | 'flow_not_found'
  | 'version_not_found'
  | 'execution_not_found'
  | 'no_conflict'
  /** The user's role in the space is viewer. */
  | 'read_only'
  | 'forbidden'
  | 'membership_ended'
  | 'space_deleted'
  | 'last_owner'
  | 'invitation_invalid'
  | 'invitation_expired'
  | 'quota_exceeded'
  | 'unpushed_changes'
  | 'write_conflict'
  | 'storage_failed'
  | 'closed';

/** Every error that the public API throws; `code` is stable, `message` is for people, `details` as the server sent them. */
export class SetteeClientError extends Error {
  readonly code: SetteeErrorCode;
  readonly details?: unknown;

  constructor(code: SetteeErrorCode, message: string, options: { cause?: unknown; details?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'SetteeClientError';
    this.code = code;
    if (options.details !== undefined) this.details = options.details;
  }
}

const storageErrors =
  /QuotaExceeded|InvalidState|AbortError|UnknownError|indexed_db_went_bad|database is (closed|destroyed)/;

/** Whether the browser's storage failed: it is full, was taken away, or is broken. */
export function isStorageFailure(error: unknown): boolean {
  const { name, message, reason } = (error ?? {}) as { name?: string; message?: string; reason?: string };
  return [name, message, reason].some((text) => storageErrors.test(text ?? ''));
}

/** What the local database throws, as applications see it: `storage_failed`, or `write_conflict` for its 409. */
export function toClientError(error: unknown): unknown {
  if (error instanceof SetteeClientError || error instanceof TypeError) return error;
  if ((error as { status?: number } | null)?.status === 409) {
    return new SetteeClientError('write_conflict', 'Others wrote it at the same time again and again.', {
      cause: error,
    });
  }
  const { reason, message } = (error ?? {}) as { reason?: string; message?: string };
  const said = reason ?? message ?? String(error);
  return new SetteeClientError('storage_failed', `The browser’s storage failed: ${said}`, { cause: error });
}

/** The server cannot be reached; what was asked for needs it. */
export class OfflineError extends SetteeClientError {
  constructor(cause?: unknown) {
    super('offline', 'The server cannot be reached.', { cause });
    this.name = 'OfflineError';
  }
}

/** The session is over; local data stays, and signing in as the same user goes on where it stopped. */
export class SignedOutError extends SetteeClientError {
  constructor(message = 'The session is over. Sign in again to go on syncing.') {
    super('signed_out', message);
    this.name = 'SignedOutError';
  }
}

/** Signing out would lose edits that the server does not have. */
export class UnpushedChangesError extends SetteeClientError {
  /** How many documents were not pushed, refused ones among them. */
  readonly count: number;

  constructor(count: number) {
    super('unpushed_changes', `${count} ${count === 1 ? 'change is' : 'changes are'} not on the server yet.`);
    this.name = 'UnpushedChangesError';
    this.count = count;
  }
}

export function flowNotFound(id: string): SetteeClientError {
  return new SetteeClientError('flow_not_found', `There is no flow ${id} here.`);
}
