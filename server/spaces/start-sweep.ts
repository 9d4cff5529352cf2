import type { Log } from '../log.ts';
import { startRepeating } from '../start-repeating.ts';
import type { Invitations } from './invitations/invitations.ts';
import type { Moves } from './moves/moves.ts';
import type { Outbox } from './outbox.ts';
import type { EndedFlows } from './restore-ended/ended-flows.ts';
import type { HiddenFlows } from './templates/hidden-flows.ts';

const minuteMilliseconds = 60_000;
const hourMilliseconds = 60 * minuteMilliseconds;

/**
 * Writes the membership documents and finishes the moves that a crash left owing, restores flows that were ended
 * meanwhile, takes templates of hidden flows away, and clears away expired invitations with the spaces that end by it,
 * until the signal aborts.
 */
export function startSweep(options: {
  outbox: Outbox;
  invitations: Invitations;
  moves: Pick<Moves, 'sweep'>;
  endedFlows: Pick<EndedFlows, 'sweep'>;
  hiddenFlows: Pick<HiddenFlows, 'sweep'>;
  log: Log;
  signal: AbortSignal;
}): void {
  const { outbox, invitations, moves, endedFlows, hiddenFlows, log, signal } = options;
  const warn = (message: string) => (error: unknown) => {
    if (!signal.aborted) log.warn({ err: error }, message);
  };
  startRepeating(() => outbox.finish(signal), {
    signal,
    onError: warn('unfinished memberships could not be looked for'),
    everyMilliseconds: minuteMilliseconds,
  });
  startRepeating(() => moves.sweep(signal), {
    signal,
    onError: warn('unfinished moves could not be looked for'),
    everyMilliseconds: minuteMilliseconds,
  });
  startRepeating(() => endedFlows.sweep(signal), {
    signal,
    onError: warn('flows that were ended could not be looked for'),
    everyMilliseconds: minuteMilliseconds,
  });
  startRepeating(() => hiddenFlows.sweep(), {
    signal,
    onError: warn('hidden flows could not be looked for'),
    everyMilliseconds: minuteMilliseconds,
  });
  startRepeating(() => invitations.removeExpired(signal), {
    signal,
    onError: warn('expired invitations could not be cleared away'),
    everyMilliseconds: hourMilliseconds,
  });
}
