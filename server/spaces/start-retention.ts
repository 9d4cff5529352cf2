import { startRepeating } from '../start-repeating.ts';
import type { Log } from '../log.ts';
import type { Spaces } from './spaces.ts';

export interface StartRetentionOptions {
  spaces: Spaces;
  log: Log;
  signal: AbortSignal;
  /** RETENTION_MONTHS; unset keeps everything. */
  months?: number | undefined;
  everyMilliseconds?: number;
  clock?: () => Date;
}

/** Finishes interrupted removals and drops old months, now and every day, until the signal aborts. */
export function startRetention(options: StartRetentionOptions): void {
  const { spaces, log, signal, months, everyMilliseconds, clock = () => new Date() } = options;

  async function run(): Promise<void> {
    await spaces.finishRemovals();
    if (months === undefined) return;
    const { dropped, kept } = await spaces.applyRetention({ months, now: clock(), signal });
    if (dropped.length + kept.length > 0) log.info({ dropped, kept }, 'old months of runs');
  }
  const onError = (error: unknown): void =>
    log.error({ err: error }, 'retention failed; it is tried again the next time');
  startRepeating(run, { signal, onError, everyMilliseconds });
}
