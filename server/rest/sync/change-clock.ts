import type { DocumentStore } from '../store/document-store.ts';

/**
 * Which update sequence a database had at which time. Times inside documents cannot tell what changed since: an edit
 * made offline arrives later than its `updatedAt` says. The pairs are kept in a local document of the database, which
 * neither replicates nor counts as a change.
 */
export interface ChangeClock {
  /** A time to ask from next, no later than now: everything after it will be among the changes since. */
  mark(documents: DocumentStore): Promise<string>;
  /** The newest sequence known to be no later than the time; null where none is. `exact`: the time came from `mark`. */
  sequenceAt(documents: DocumentStore, time: string): Promise<{ sequence: string; exact: boolean } | null>;
}

interface Times {
  _id: string;
  times: [time: string, sequence: string][];
}

const id = '_local/settee-sync-times';
const mostEntries = 400;
const attempts = 5;

/** Every second of the older entries goes, the first stays: an older sequence only reports more than needed. */
function thinned(times: Times['times']): Times['times'] {
  const half = mostEntries / 2;
  return times.length <= mostEntries
    ? times
    : [...times.slice(0, half).filter((_, index) => index % 2 === 0), ...times.slice(half)];
}

/** Makes a clock; `now` is asked after the sequence was read, so that no change falls between. */
export function createChangeClock({ now }: { now: () => Date }): ChangeClock {
  return {
    async mark(documents) {
      const sequence = await documents.updateSequence();
      const time = now().toISOString();
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const known = await documents.get<Times>(id);
        const last = known?.times.at(-1);
        if (last?.[1] === sequence) return last[0];
        // Two marks in one millisecond, or a clock set back: the earlier sequence stays valid for this time.
        if (last !== undefined && last[0] >= time) return last[0];
        const times = thinned([...(known?.times ?? []), [time, sequence]]);
        const next: Times = { ...known, _id: id, times };
        const written = await documents.insert(next);
        if (written !== 'conflict') return time;
      }
      return time;
    },
    async sequenceAt(documents, time) {
      const known = await documents.get<Times>(id);
      const entry = known?.times.filter(([at]) => at <= time).at(-1);
      return entry === undefined ? null : { sequence: entry[1], exact: entry[0] === time };
    },
  };
}
