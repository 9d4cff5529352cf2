import { LRUCache } from 'lru-cache';
import { atMost } from '../../at-most.ts';
import { idPrefixes } from '../../../schema/index.ts';

/** A revision of a document that somebody sent. */
export interface WrittenRevision {
  database: string;
  id: string;
  revision: string;
}

/**
 * Who sent which revision of a flow or version lately, as far as this process passed them on: what arrives where a
 * flow is no more goes back to whoever wrote it, and several may write at the same moment.
 */
export interface Authors {
  /** To be called before the engine has it, so that whoever finds it there finds its author here. */
  note(written: WrittenRevision, userId: string): void;
  of(written: WrittenRevision): string | null;
}

const remembered = 20_000;

const keyOf = ({ database, id, revision }: WrittenRevision): string => `${database} ${id} ${revision}`;

export function createAuthors(): Authors {
  const authors = new LRUCache<string, string>(atMost(remembered));
  return {
    note(written, userId) {
      if (!written.id.startsWith(idPrefixes.flow) && !written.id.startsWith(idPrefixes.version)) return;
      const key = keyOf(written);
      // The same revision sent again by somebody else is not his.
      if (!authors.has(key)) authors.set(key, userId);
    },
    of: (written) => authors.get(keyOf(written)) ?? null,
  };
}
