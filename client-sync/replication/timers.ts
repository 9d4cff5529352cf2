/** Timers by name: one that runs is not begun a second time, and all end together. */
export interface Timers {
  /** Whether it was begun by this call. */
  later: (name: string, milliseconds: number, work: () => unknown) => boolean;
  forget: (name: string) => void;
}

export function createTimers(signal: AbortSignal): Timers {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  signal.addEventListener('abort', () => {
    for (const timer of timers.values()) clearTimeout(timer);
    timers.clear();
  });
  return {
    later(name, milliseconds, work) {
      if (signal.aborted || timers.has(name)) return false;
      const begin = () => {
        timers.delete(name);
        work();
      };
      timers.set(name, setTimeout(begin, milliseconds));
      return true;
    },
    forget(name) {
      clearTimeout(timers.get(name));
      timers.delete(name);
    },
  };
}
