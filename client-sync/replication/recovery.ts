/** Who waits out a pause after failures, and would rather know when the server answers others again. */
export interface Recovery {
  /** The attempt is made once, when the server is heard, unless it is forgotten before. */
  wait: (attempt: () => void) => void;
  forget: (attempt: () => void) => void;
  /** The server has answered somebody. */
  heard: () => void;
}

interface RecoveryOptions {
  /** How long the server has asked to be left alone. */
  busyMilliseconds: () => number;
  /** For what keeps pauses of another kind. */
  onHeard?: () => void;
}

/** Where the server answers others, pauses grow again from what they are after so many failures. */
const failuresWhenHeard = 4;

/** How many failures count for an attempt that is made because the server was heard. */
export function hurriedFailures(failures: number): number {
  return Math.min(failures, failuresWhenHeard);
}

/**
 * Cuts short the pauses of all when the server was heard by one. Whoever then fails once more waits out the next pause,
 * and only the one after that may be cut short: a server that answers some and fails others is not asked all the time.
 */
export function createRecovery({ busyMilliseconds, onHeard }: RecoveryOptions): Recovery {
  const waiting = new Set<() => void>();
  return {
    wait: (attempt) => void waiting.add(attempt),
    forget: (attempt) => void waiting.delete(attempt),
    heard() {
      if (busyMilliseconds() > 0) return;
      const attempts = [...waiting];
      waiting.clear();
      for (const attempt of attempts) attempt();
      onHeard?.();
    },
  };
}
