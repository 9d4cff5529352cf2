import { v4, v7 } from 'uuid';

/** A new flow's or device's id. */
export function randomId(): string {
  return v4();
}

/** A run's id, which tells its month (RFC 9562, 5.7). */
export function timedId(milliseconds: number): string {
  return v7({ msecs: milliseconds });
}
