import { setTimeout as sleep } from 'node:timers/promises';

/** Exponential from `first` to `longest` milliseconds, each pause between half and the whole of it. */
export function backoff(attempt: number, { first = 200, longest = 10_000 } = {}): number {
  return Math.min(longest, first * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** Waits; returns early, without an error, when the signal aborts. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** Tries again while `isWorthIt` says so, `attempts` times at most. */
export async function retry<T>(
  work: () => Promise<T>,
  { attempts, isWorthIt }: { attempts: number; isWorthIt: (error: unknown) => boolean },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isWorthIt(error)) throw error;
      await pause(backoff(attempt, { first: 50, longest: 1000 }));
    }
  }
}
