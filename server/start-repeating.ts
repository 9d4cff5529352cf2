const dayMilliseconds = 86_400_000;

export interface RepeatingOptions {
  signal: AbortSignal;
  onError: (error: unknown) => void;
  /** A day by default. */
  everyMilliseconds?: number | undefined;
}

/** Does the work now and again and again, never twice at once, until the signal aborts. */
export function startRepeating(work: () => Promise<void>, options: RepeatingOptions): void {
  const { signal, onError, everyMilliseconds = dayMilliseconds } = options;
  let running = false;
  const start = (): void => {
    if (running || signal.aborted) return;
    running = true;
    void work()
      .catch(onError)
      .finally(() => (running = false));
  };
  const timer = setInterval(start, everyMilliseconds);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  start();
}
