import { createNoteStore } from '../local/note-store.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { Notice } from '../space-types.ts';
import type { Unsubscribe } from '../signal.ts';

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

/** Keeps notices in the personal space's notes. */
export function createNoticeStore(notes: Pouch): NoticeStore {
  const store = createNoteStore<Notice>(notes, 'notice', 'notice');
  return {
    async list() {
      const notices = await store.list();
      return notices.toSorted((a, b) => (a.at < b.at ? 1 : Number(a.at > b.at) * -1));
    },
    add: (notice) => store.put(notice.id, notice),
    dismiss: store.remove,
    onChange: store.onChange,
    close: store.close,
  };
}
