import type { SyncSettings } from '../types.ts';

/** How often to sync: at once, every so many seconds, or when asked. */
export interface Pace {
  frequency: 'live' | 'interval' | 'manual';
  /** For `interval`. */
  intervalSeconds: number;
}

const defaultSeconds = 300;

export function paceOf({ frequency = 'live', intervalSeconds = defaultSeconds }: SyncSettings): Pace {
  return { frequency, intervalSeconds };
}
