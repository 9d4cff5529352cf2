import type { Environment } from '../environment.ts';

/** How long the server has asked to be left alone. */
export interface RetryAfter {
  /** Learns from a 429 or 503 answer's `Retry-After` (RFC 9110, 10.2.3: seconds or a date). */
  learn: (response: Response) => void;
  /** Milliseconds that remain, 0 where it asked for nothing. */
  remaining: () => number;
}

/** No server is believed to mean more than this. */
const longestMilliseconds = 60 * 60_000;

export function createRetryAfter({ now }: Pick<Environment, 'now'>): RetryAfter {
  let askedAt = 0;
  let milliseconds = 0;
  return {
    learn({ status, headers }) {
      if (status !== 429 && status !== 503) return;
      const said = headers.get('retry-after') ?? '';
      const asked = /^\d+$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - now();
      if (!(asked > 0)) return;
      askedAt = now();
      milliseconds = Math.min(asked, longestMilliseconds);
    },
    remaining() {
      const passed = now() - askedAt;
      // A clock that was set back says nothing about what has passed.
      return passed < 0 ? 0 : Math.max(0, milliseconds - passed);
    },
  };
}
