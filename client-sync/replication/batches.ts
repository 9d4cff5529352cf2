import { createHinted } from './hinted.ts';
import type { Pair } from './pair.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { Batch } from './pull.ts';

/** Moves one batch at a time between a local database and the server's. */
export interface Batches {
  /** The server says that something was written. */
  hint: () => void;
  /** Waits for the push before it: each goes on where that one ended. */
  push: (pair: Pair) => Promise<Batch>;
  pull: (pair: Pair) => Promise<Batch>;
}

const nothing: Batch = { sequence: 0, seen: 0, written: 0, more: false };

/** `sentAway` gives what a push fails with by itself, since the server wants to be left alone; null where it does not. */
export function createBatches(pending: PendingChanges, sentAway: () => unknown): Batches {
  const hinted = createHinted();
  let pushing: Promise<Batch> = Promise.resolve(nothing);
  return {
    hint: hinted.hint,
    push({ push }) {
      const ended = hinted.pushBegins(pending.count() > 0);
      pushing = pushing
        .then(() => {
          // It waited for one that was sent away.
          const error = sentAway();
          if (error !== null) throw error;
          return push.step();
        })
        .then((batch) => {
          pending.passed(Number(batch.sequence));
          return batch;
        });
      const next = pushing;
      pushing = next.catch(() => nothing).finally(ended);
      return next;
    },
    pull: ({ pull }) => pull.step({ expectsFew: hinted.pullBegins() }),
  };
}
