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
