import type { Environment } from '../environment.ts';

/** Which tabs have a copy open: the one that removes it waits until the others have written what they still had. */
export interface Holds {
  hold: (name: string) => void;
  letGo: (name: string) => void;
  letGoOfAll: () => void;
  /** Resolves when no tab holds the copy; after a while in any case, since a tab may hang. */
  released: (name: string) => Promise<void>;
}

const patienceMilliseconds = 10_000;

/** Without locks, each tab knows only of itself. */
export function createHolds({ locks }: Pick<Environment, 'locks'>, scope: string): Holds {
  const held = new Map<string, AbortController>();
  const lockOf = (name: string) => `${scope}-${name}:open`;
  const untilLetGo = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve());
    });
  const letGo = (name: string) => {
    held.get(name)?.abort();
    held.delete(name);
  };
  return {
    hold(name) {
      if (!locks || held.has(name)) return;
      const ending = new AbortController();
      const { signal } = ending;
      held.set(name, ending);
      locks
        .request(lockOf(name), { mode: 'shared', signal }, () => untilLetGo(signal))
        .catch(() => {
          // Let go before its turn came.
        });
    },
    letGo,
    letGoOfAll() {
      for (const name of held.keys()) letGo(name);
    },
    async released(name) {
      const signal = AbortSignal.timeout(patienceMilliseconds);
      await locks?.request(lockOf(name), { signal }, async () => {}).catch(() => {});
    },
  };
}
