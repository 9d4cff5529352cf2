import type { OpenedOnce } from './opened-once.ts';
import type { Pair } from './pair.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { Timers } from './timers.ts';

/** Writes down how far a database's replication came: now and then while it goes on, and at its end. */
export interface Saving {
  save: () => Promise<void>;
  /** So many documents were moved. */
  moved: (documents: number) => void;
}

const saveMilliseconds = 30_000;
/** So many documents are not looked at twice for want of a checkpoint. */
const saveDocuments = 500;

/** Makes the saving of one database, of which nothing is written down yet. */
export function createSaving(
  pair: OpenedOnce<Pair>,
  pending: PendingChanges,
  { later, forget }: Timers,
): Saving {
  let unsaved = 0;
  const save = async () => {
    forget('save');
    unsaved = 0;
    await (await pair.current())?.save();
    await pending.flush();
  };
  return {
    save,
    moved(documents) {
      unsaved += documents;
      later('save', saveMilliseconds, () => void save().catch(() => {}));
      if (unsaved >= saveDocuments) void save().catch(() => {});
    },
  };
}
