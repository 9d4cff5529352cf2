import type { Log } from '../log.ts';
import { startRepeating } from '../start-repeating.ts';
import type { Invitations } from './invitations/invitations.ts';
import type { Moves } from './moves/moves.ts';
import type { Outbox } from './outbox.ts';
import type { EndedFlows } from './restore-ended/ended-flows.ts';

const minuteMilliseconds = 60_000;
const hourMilliseconds = 60 * minuteMilliseconds;

/**
 * Writes the membership documents and finishes the moves that a crash left owing, restores flows that were ended
 * meanwhile, and clears away old invitations, until the signal aborts.
 */
export function startSweep(options: {
  outbox: Outbox;
  invitations: Invitations;
  moves: Pick<Moves, 'sweep'>;
  endedFlows: Pick<EndedFlows, 'sweep'>;
  log: Log;
  signal: AbortSignal;
}): void {
  const { outbox, invitations, moves, endedFlows, log, signal } = options;
  const onError = (error: unknown): void => {
    if (!signal.aborted) log.warn({ err: error }, 'unfinished memberships could not be looked for');
  };
  startRepeating(() => outbox.finish(signal), { signal, onError, everyMilliseconds: minuteMilliseconds });
  startRepeating(() => moves.sweep(signal), {
    signal,
    onError: (error) => {
      if (!signal.aborted) log.warn({ err: error }, 'unfinished moves could not be looked for');
    },
    everyMilliseconds: minuteMilliseconds,
  });
  startRepeating(() => endedFlows.sweep(signal), {
    signal,
    onError: (error) => {
      if (!signal.aborted) log.warn({ err: error }, 'flows that were ended could not be looked for');
    },
    everyMilliseconds: minuteMilliseconds,
  });
  startRepeating(() => invitations.removeExpired(signal), {
    signal,
    onError,
    everyMilliseconds: hourMilliseconds,
  });
}
