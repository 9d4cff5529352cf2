import { putNote, removeNote } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createSignal } from '../signal.ts';
import type { Notice } from '../space-types.ts';
import type { Unsubscribe } from '../types.ts';

/** What the user has to be told, kept until it is dismissed; not replicated. */
export interface NoticeStore {
  /** Newest first. */
  list: () => Promise<Notice[]>;
  /** Writes a notice; under an id that is there already, it takes that one's place. */
  add: (notice: Notice) => Promise<void>;
  dismiss: (id: string) => Promise<void>;
  onChange: (listener: () => void) => Unsubscribe;
  close: () => void;
}

const prefix = 'notice:';

/** Keeps notices in the personal space's notes. */
export function createNoticeStore(notes: Pouch): NoticeStore {
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
      const notices = rows.flatMap(({ doc }) => (doc ? [doc.notice as Notice] : []));
      return notices.toSorted((a, b) => (a.at < b.at ? 1 : Number(a.at > b.at) * -1));
    },
    add: (notice) => putNote(notes, prefix + notice.id, { notice }),
    dismiss: (id) => removeNote(notes, prefix + id),
    onChange: changed.subscribe,
    close: () => feed.cancel(),
  };
}
