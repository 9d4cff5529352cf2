import { createNoteStore } from '../local/note-store.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { RefusedDocument } from '../sync-types.ts';

/** A refusal and the local database that holds the document: `main` or a month. */
export interface Refusal extends Omit<RefusedDocument, 'spaceId'> {
  place: string;
}

/** The documents that the server did not take, kept beside the database so that a restart does not forget them. */
export interface RefusedStore {
  list: () => Promise<Refusal[]>;
  find: (docId: string) => Promise<Refusal | null>;
  add: (refusal: Refusal) => Promise<void>;
  remove: (docId: string) => Promise<void>;
  onChange: (listener: () => void) => () => void;
  close: () => void;
}

export function createRefusedStore(notes: Pouch): RefusedStore {
  const { put, ...store } = createNoteStore<Refusal>(notes, 'refused', 'refusal');
  return { ...store, add: (refusal) => put(refusal.docId, refusal) };
}
