import type { SyncSettings } from '../sync-types.ts';

/** How often to sync: at once, every so many seconds, or when asked; and how much of the past. */
export interface Pace {
  /** `never` only counts what waits to be sent. */
  frequency: 'live' | 'interval' | 'manual' | 'never';
  /** For `interval`. */
  intervalSeconds: number;
  /** Months of runs that are kept here, this one among them. */
  months: number;
}

const defaultSeconds = 300;
const defaultMonths = 2;

export function paceOf(settings: SyncSettings): Pace {
  const { frequency = 'live', intervalSeconds = defaultSeconds, months = defaultMonths } = settings;
  return { frequency, intervalSeconds, months };
}
