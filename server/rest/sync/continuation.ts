import { syncContinuationSchema } from '../../../schema/index.ts';

/** How far a pull got that one answer could not hold. */
export interface Continuation {
  /** The time to ask from when everything was given. */
  syncedAt: string;
  /** The time that was asked from. */
  since: string;
  /** The last flow that was given. */
  last: FlowPosition;
}

/** The place of a flow in the order of a pull. */
export interface FlowPosition {
  updatedAt: string;
  id: string;
}

/** Orders the flows of a pull, the one changed last at the end. */
export function comparePositions(a: FlowPosition, b: FlowPosition): number {
  if (a.updatedAt !== b.updatedAt) return a.updatedAt < b.updatedAt ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** What the caller sends back; no character of it needs escaping in a URL but the colons of times. */
export function writeContinuation({ syncedAt, since, last }: Continuation): string {
  return [syncedAt, since, last.updatedAt, last.id].join('~');
}

/** Null where the text is a plain time. */
export function readContinuation(text: string): Continuation | null {
  if (!syncContinuationSchema.safeParse(text).success) return null;
  const [syncedAt = '', since = '', updatedAt = '', id = ''] = text.split('~');
  return { syncedAt, since, last: { updatedAt, id } };
}
