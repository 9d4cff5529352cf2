import type { IntendedWrite } from '../spaces/quota.ts';
import { badRequest } from './replication-error.ts';

export type Deletion = IntendedWrite['deletion'];

/** Learns from a document's fields whether it is a tombstone, or says of itself that it is deleted. */
export interface DeletionReader {
  /** To be told of each field: its name, and its text where that is a literal. Throws for one that is there twice. */
  see(field: string | null, text: string | null): void;
  found(): Deletion;
}

export function createDeletionReader(): DeletionReader {
  const seen = new Map<string, boolean>();
  return {
    see(field, text) {
      if (field !== '_deleted' && field !== 'deleted') return;
      // The engine might believe the other one.
      if (seen.has(field)) throw badRequest(`A document has \`${field}\` twice.`);
      seen.set(field, text === 'true');
    },
    found() {
      if (seen.get('_deleted') === true) return 'tombstone';
      return seen.get('deleted') === true ? 'marked' : 'none';
    },
  };
}
