import { isMonth, monthOf, type Month } from '../../schema/database-names.ts';
import type { PouchOpener } from '../pouch/open-pouch.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createSignal } from '../signal.ts';
import { putNote, removeNote } from './local-documents.ts';

/** The local databases of one user, or of nobody yet: flows, this browser's notes, and runs by month. */
export interface LocalSpace {
  name: string;
  userId: string | null;
  main: Pouch;
  notes: Pouch;
  /** The months that are kept here, newest first. */
  months: () => Month[];
  /** The main database and those of all months that are kept here. */
  databases: () => Pouch[];
  /** The database of `main` or of a month; null where that is not kept here, so that looking brings nothing back. */
  database: (place: string) => Pouch | null;
  /** Opens a month's runs, made where it is not kept here, to write to them. */
  runs: (month: Month) => Promise<Pouch>;
  /** Removes a month, once those who hear of months were told. */
  dropMonth: (month: Month) => Promise<void>;
  /** Hears of months that are opened or dropped, here or in another tab. */
  onMonths: (listener: () => void) => () => void;
  close: () => Promise<void>;
  destroy: () => Promise<void>;
}

const monthNote = 'month:';

/** This month and those before it, so many in all, newest first. */
export function currentMonths(now: number, count: number): Month[] {
  const time = new Date(now);
  const [year, month] = [time.getUTCFullYear(), time.getUTCMonth()];
  return Array.from({ length: count }, (_, back) => monthOf(new Date(Date.UTC(year, month - back, 1))));
}

async function readMonths(notes: Pouch): Promise<Month[]> {
  const { rows } = await notes.allDocs({ startkey: monthNote, endkey: `${monthNote}\uffff` });
  return rows.map(({ id }) => id.slice(monthNote.length)).filter(isMonth);
}

/** Opens a user's databases; works without a network. */
export async function openSpace(
  opener: PouchOpener,
  name: string,
  userId: string | null,
): Promise<LocalSpace> {
  const main = opener.openLocal(name);
  const notes = opener.openLocal(`${name}-notes`);
  const known = new Set(await readMonths(notes));
  const open = new Map<Month, Pouch>();
  /** Waited for at the end: whoever opens the space again finds them gone. */
  const dropping = new Map<Month, Promise<void>>();
  const changed = createSignal<void>();
  const feed = notes
    .changes({ since: 'now', live: true, return_docs: false })
    .on('change', ({ id, deleted }) => {
      if (!id.startsWith(monthNote)) return;
      const month = id.slice(monthNote.length);
      if (deleted) known.delete(month);
      else known.add(month);
      if (deleted) open.delete(month);
      changed.emit();
    });
  feed.catch(() => {});
  const openRuns = (month: Month): Pouch => {
    const db = open.get(month) ?? opener.openLocal(`${name}-runs-${month}`);
    open.set(month, db);
    return db;
  };
  const drop = async (month: Month): Promise<void> => {
    const db = openRuns(month);
    open.delete(month);
    known.delete(month);
    await removeNote(notes, monthNote + month);
    changed.emit();
    await db.destroy();
  };
  return {
    name,
    userId,
    main,
    notes,
    months: () => [...known].toSorted((a, b) => (a < b ? 1 : -1)),
    databases: () => [main, ...[...known].map(openRuns)],
    database(place) {
      if (!isMonth(place)) return main;
      return known.has(place) ? openRuns(place) : null;
    },
    async runs(month) {
      // What is written to it would go with what is being dropped.
      if (dropping.has(month)) await dropping.get(month)?.catch(() => {});
      if (!known.has(month)) {
        // Noted before anything is in it: a month without a note would not be found again.
        await putNote(notes, monthNote + month, {});
        known.add(month);
      }
      return openRuns(month);
    },
    dropMonth(month) {
      const ending = dropping.get(month) ?? drop(month).finally(() => dropping.delete(month));
      dropping.set(month, ending);
      return ending;
    },
    onMonths: changed.subscribe,
    async close() {
      feed.cancel();
      await Promise.allSettled(dropping.values());
      await Promise.all([main, notes, ...open.values()].map((db) => db.close()));
    },
    async destroy() {
      feed.cancel();
      await Promise.allSettled(dropping.values());
      const runs = [...known].map(openRuns);
      // Notes last: they say which months there are, should this be interrupted.
      await Promise.all([main, ...runs].map((db) => db.destroy()));
      await notes.destroy();
    },
  };
}
