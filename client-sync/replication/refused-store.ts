import { getOrNull, putNote, removeNote } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createSignal } from '../signal.ts';
import type { RefusedDocument } from '../types.ts';

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

const prefix = 'refused:';

export function createRefusedStore(notes: Pouch): RefusedStore {
  const changed = createSignal<void>();
  const feed = notes.changes({ since: 'now', live: true, return_docs: false }).on('change', ({ id }) => {
    if (id.startsWith(prefix)) changed.emit();
  });
  feed.catch(() => {});
  return {
    async list() {
      const { rows } = await notes.allDocs({
        startkey: prefix,
        endkey: `${prefix}\uffff`,
        include_docs: true,
      });
      return rows.flatMap(({ doc }) => (doc ? [doc.refusal as Refusal] : []));
    },
    async find(docId) {
      const note = await getOrNull(notes, prefix + docId);
      return (note?.refusal as Refusal | undefined) ?? null;
    },
    async add(refusal) {
      await putNote(notes, prefix + refusal.docId, { refusal });
    },
    async remove(docId) {
      await removeNote(notes, prefix + docId);
    },
    onChange: changed.subscribe,
    close: () => feed.cancel(),
  };
}
