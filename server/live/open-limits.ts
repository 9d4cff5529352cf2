import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { SetteeError } from '../errors.ts';

/** How often a user may open streams. */
export interface OpenLimits {
  /** Throws SetteeError `rate_limited`. */
  count(userId: string): Promise<void>;
}

function tooMany(message: string, seconds: number): SetteeError {
  return new SetteeError('rate_limited', message, { headers: { 'Retry-After': String(seconds) } });
}

export function createOpenLimits({ opensPerMinute }: { opensPerMinute: number }): OpenLimits {
  if (opensPerMinute === 0) return { count: () => Promise.resolve() };
  const limiter = new RateLimiterMemory({ keyPrefix: 'live', points: opensPerMinute, duration: 60 });
  return {
    async count(userId) {
      await limiter.consume(userId).catch((refused: unknown) => {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
        throw tooMany(`Too many streams were opened; try again in ${seconds} s.`, seconds);
      });
    },
  };
}

/** What a user is told who has as many streams open as he may. */
export function tooManyStreams(most: number): SetteeError {
  return tooMany(
    `${most} live streams of this account are open already: close one, or let the tabs of a browser share one.`,
    30,
  );
}
