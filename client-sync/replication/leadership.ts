import type { Environment } from '../environment.ts';

/**
 * Chooses the one tab that syncs: the holder of a lock, handed on when its tab closes. Where there are no locks, every
 * visible tab syncs and no hidden one.
 */
export function createLeadership(
  environment: Environment,
  lockName: string,
  onChange: (isLeader: boolean) => void,
): { close(): void } {
  if (!environment.locks) {
    onChange(environment.isVisible());
    const unsubscribe = environment.onChange((change) => {
      if (change === 'visible' || change === 'hidden') onChange(change === 'visible');
    });
    return { close: unsubscribe };
  }
  const ending = new AbortController();
  const { signal } = ending;
  const hold = () => {
    if (signal.aborted) return Promise.resolve();
    onChange(true);
    return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  };
  environment.locks.request(lockName, { signal }, hold).catch(() => {
    // Given up while waiting for its turn.
  });
  return { close: () => ending.abort() };
}
