import { CouchError } from './couch-error.ts';
import { runTimed } from './timed-run.ts';

/** Runs synchronous work that a client's pattern may drive without end; throws 400 when the time is over. */
export function withTimeLimit<T>(milliseconds: number, task: () => T): T {
  const outcome: { value?: T } = {};
  runTimed(
    1,
    milliseconds,
    () => {
      outcome.value = task();
    },
    () => {
      throw tooLong();
    },
  );
  return outcome.value as T;
}

export function tooLong(): CouchError {
  return new CouchError(400, 'timeout', 'The request takes too long to compute.');
}
