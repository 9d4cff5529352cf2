import type { Request, RequestHandler } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimits } from '../config.ts';
import { SetteeError } from '../errors.ts';
import { hashText } from './hash-text.ts';
import { clientAddress } from './client-address.ts';
import type { Identify } from './identify.ts';

/** An attempt to sign in that was let through. */
export interface SignInAttempt {
  /** Then it does not count: neither against the e-mail nor against the address, which many people may share. */
  succeeded(): Promise<void>;
}

/** Limits of this process; several processes side by side each count for themselves. */
export interface RateLimiters {
  /** For everything that is neither sign-in nor replication. */
  general: RequestHandler;
  replication: RequestHandler;
  /** Throws SetteeError `rate_limited`. */
  signIn(request: Request, email: string): Promise<SignInAttempt>;
}

/** Failures of one address, and failures at one e-mail from wherever, in relation to those of the pair. */
const wideFactor = 20;

async function consume(limiter: RateLimiterMemory | null, key: string): Promise<void> {
  if (!limiter) return;
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    throw new SetteeError('rate_limited', `Too many requests; try again in ${seconds} s.`, {
      headers: { 'Retry-After': String(seconds) },
    });
  }
}

export function createRateLimiters(options: { limits: RateLimits; identify: Identify }): RateLimiters {
  const { limits, identify } = options;
  const limiter = (keyPrefix: string, points: number): RateLimiterMemory | null =>
    points === 0 ? null : new RateLimiterMemory({ keyPrefix, points, duration: limits.windowSeconds });
  const pair = limiter('pair', limits.signIn);
  const byAddress = limiter('address', limits.signIn * wideFactor);
  const byEmail = limiter('email', limits.signIn * wideFactor);

  async function callerOf(request: Request): Promise<string> {
    const address = `address:${clientAddress(request.ip)}`;
    if (request.get('authorization') === undefined) return address;
    const principal = await identify(request).catch((error: unknown) => {
      // Whoever cannot be identified is refused later, and until then counts by address.
      if (error instanceof SetteeError && error.status === 401) return null;
      throw error;
    });
    return principal ? `user:${principal.userId}` : address;
  }

  const perCaller = (counter: RateLimiterMemory | null): RequestHandler => {
    if (!counter) return (_request, _response, next) => next();
    return async (request, _response, next) => {
      await consume(counter, await callerOf(request));
      next();
    };
  };

  return {
    general: perCaller(limiter('general', limits.general)),
    replication: perCaller(limiter('replication', limits.replication)),
    async signIn(request, email) {
      const address = clientAddress(request.ip);
      const emailKey = hashText(email.trim().toLowerCase());
      const pairKey = `${address} ${emailKey}`;
      await consume(byAddress, address);
      await consume(byEmail, emailKey);
      await consume(pair, pairKey);
      return {
        async succeeded() {
          await pair?.delete(pairKey);
          await byEmail?.reward(emailKey);
          await byAddress?.reward(address);
        },
      };
    },
  };
}
