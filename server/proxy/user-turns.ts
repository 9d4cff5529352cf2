import { ReplicationError } from './replication-error.ts';

/** Lets each user do so much of something at a time; the rest waits in line. */
export interface UserTurns {
  /**
   * Resolves when it is the caller's turn, with what ends the turn. Throws 429 where too many wait already, and
   * the signal's reason where that aborts first.
   */
  take(userId: string, signal: AbortSignal): Promise<() => void>;
}

interface Line {
  taken: number;
  waiting: Set<() => void>;
}

export function createUserTurns(options: { atOnce: number; waiting: number }): UserTurns {
  const lines = new Map<string, Line>();

  function release(userId: string, line: Line): void {
    const [next] = line.waiting;
    if (next !== undefined) {
      line.waiting.delete(next);
      // The turn goes from hand to hand.
      return next();
    }
    line.taken -= 1;
    if (line.taken === 0) lines.delete(userId);
  }

  function wait(line: Line, signal: AbortSignal): Promise<void> {
    if (line.waiting.size >= options.waiting) {
      throw new ReplicationError(429, 'too_many_requests', 'Too many writes are waiting.', {
        headers: { 'retry-after': '2' },
      });
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        line.waiting.delete(begin);
        reject(signal.reason as Error);
      };
      const begin = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      line.waiting.add(begin);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  return {
    async take(userId, signal) {
      signal.throwIfAborted();
      const line = lines.get(userId) ?? { taken: 0, waiting: new Set() };
      lines.set(userId, line);
      if (line.taken < options.atOnce) line.taken += 1;
      else await wait(line, signal);
      return () => release(userId, line);
    },
  };
}
