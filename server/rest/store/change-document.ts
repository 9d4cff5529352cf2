import { setTimeout as wait } from 'node:timers/promises';
import { unmarked } from '../../../flow/index.ts';
import { SetteeError } from '../../errors.ts';
import { without } from './without.ts';
import type { DocumentStore, Stored } from './document-store.ts';

const attempts = 25;

export interface ChangeOptions<T> {
  /** Called with what is there at every attempt; throws where the caller's condition does not hold. */
  check?: (current: (T & Stored) | null) => void;
  /** The next content, without `_rev`; null leaves the document as it is. */
  change: (current: (T & Stored) | null) => T | null | Promise<T | null>;
}

export interface Changed<T> {
  document: T & Stored;
  created: boolean;
}

async function tryToChange<T extends { _id: string }>(
  documents: DocumentStore,
  id: string,
  { check, change }: ChangeOptions<T>,
): Promise<Changed<T> | 'conflict'> {
  const current = await documents.get<T>(id, { conflicts: true });
  check?.(current);
  const next = await change(current);
  if (next === null) {
    if (current === null) throw new SetteeError('not_found', 'There is no such document.');
    return { document: current, created: false };
  }
  // Whoever edits makes a revision of his own: it is no merge, and not what a move wrote.
  const content = unmarked(without(next, ['_conflicts', '_rev'])) as T;
  const written = await documents.insert(current ? { ...content, _rev: current._rev } : content);
  if (written === 'conflict') return written;
  const leaves = current?._conflicts ? { _conflicts: current._conflicts } : {};
  return { document: { ...content, ...leaves, _rev: written.revision }, created: current === null };
}

/**
 * Changes one document on top of its winning revision. Where another writer comes between, it is read and changed
 * again, so that the last write wins and changes of other fields stay. Throws `conflict` only where that never ends,
 * and `not_found` where `change` makes nothing of nothing.
 */
export function changeDocument<T extends { _id: string }>(
  documents: DocumentStore,
  id: string,
  options: ChangeOptions<T>,
): Promise<Changed<T>> {
  return documents.inTurn(id, async () => {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const changed = await tryToChange(documents, id, options);
      if (changed !== 'conflict') return changed;
      await wait(Math.random() * 4 * attempt);
    }
    throw new SetteeError('conflict', 'Too many others write this document just now; try again.');
  });
}
