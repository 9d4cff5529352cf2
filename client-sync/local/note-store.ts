import type { Pouch } from '../pouch/pouch-types.ts';
import { createSignal, type Unsubscribe } from '../signal.ts';
import { getOrNull, putNote, removeNote } from './local-documents.ts';

/** Notes of one kind beside a space's databases, which outlive a restart and are not replicated. */
export interface NoteStore<Note> {
  list: () => Promise<Note[]>;
  find: (id: string) => Promise<Note | null>;
  /** Writes a note; under an id that is there already, it takes that one's place. */
  put: (id: string, note: Note) => Promise<void>;
  remove: (id: string) => Promise<void>;
  onChange: (listener: () => void) => Unsubscribe;
  close: () => void;
}

/** Keeps each note in a document `<kind>:<id>`, in the field `field`. */
export function createNoteStore<Note>(notes: Pouch, kind: string, field: string): NoteStore<Note> {
  const prefix = `${kind}:`;
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
      return rows.flatMap(({ doc }) => (doc ? [doc[field] as Note] : []));
    },
    async find(id) {
      const document = await getOrNull(notes, prefix + id);
      return (document?.[field] as Note | undefined) ?? null;
    },
    put: (id, note) => putNote(notes, prefix + id, { [field]: note }),
    remove: (id) => removeNote(notes, prefix + id),
    onChange: changed.subscribe,
    close: () => feed.cancel(),
  };
}
