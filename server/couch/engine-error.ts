/** The HTTP status of an error that nano threw, or undefined where the engine did not answer at all. */
export function engineStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** What the engine said, on one line and without the request. */
export function engineReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = engineStatus(error);
  return status === undefined ? error.message : `${status} ${error.message}`;
}

/** Resolves to null where the engine answers 404. */
export async function orNull<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (engineStatus(error) === 404) return null;
    throw error;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** In CouchDB's words, and in those of a cluster where the files go first. */
const missingDatabase = /^(?:Database does not exist\.|no_db_file|No DB shards could be opened\.)$/;

/** True where the engine has no such database, and it is one of a space: it was deleted while somebody used it. */
export function isSpaceGone(error: unknown): boolean {
  const cause = fieldOf(error, 'cause');
  if (cause !== undefined) return isSpaceGone(cause);
  if (!missingDatabase.test(String(fieldOf(error, 'reason')))) return false;
  const address = String(fieldOf(fieldOf(error, 'headers'), 'uri'));
  const name = URL.canParse(address) ? new URL(address).pathname.split('/').find((part) => part !== '') : '';
  return /^(?:[a-z][a-z0-9]{0,30}-)?(?:userdb|space)-/.test(name ?? '');
}
