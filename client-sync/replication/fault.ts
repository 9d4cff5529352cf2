import { isStorageFailure } from '../errors.ts';
import type { PouchError } from '../pouch/pouch-types.ts';
import type { Fault } from '../status/sync-facts.ts';

/** What a failed replication means for a person, and where the trouble lies. */
export function describeFault(error: unknown): { error: string; fault: Fault } {
  const { status, message, reason } = (error ?? {}) as PouchError;
  // A DOMException of the local database: PouchDB copies errors by their own properties, of which it has none.
  const isBare = status === undefined && !message && !reason;
  if (isBare || isStorageFailure(error)) {
    const said = [message, reason].filter(Boolean).join(': ');
    return { error: `The browser’s storage failed${said && `: ${said}`}.`, fault: 'storage' };
  }
  return {
    error: reason ?? message ?? String(error),
    fault: isOfOneDatabase(error) ? 'server' : 'network',
  };
}

/** Whether other databases may fare better: neither the network nor the whole server stands behind it. */
export function isOfOneDatabase(error: unknown): boolean {
  const { status = 0 } = (error ?? {}) as PouchError;
  return status >= 400 && status < 500 && status !== 401 && status !== 408 && status !== 429;
}
