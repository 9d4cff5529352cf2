const firstMilliseconds = 1_000;
const longestMilliseconds = 5 * 60_000;

/**
 * How long to wait before the next attempt, in milliseconds: doubling from one second to five minutes, of which a
 * random half is taken off so that clients do not return in step ("equal jitter").
 * @param attempt how many attempts have failed in a row, from 1
 * @param random from 0 to below 1
 */
export function backoffMilliseconds(attempt: number, random: number): number {
  const full = Math.min(longestMilliseconds, firstMilliseconds * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full / 2 + (full / 2) * random);
}
