import { reportUnexpected } from '../signal.ts';
import type { CurrentWorkspace } from '../workspace.ts';

/** Changes within this time make one run, and runs take at most half of the time. */
const gatherMilliseconds = 25;

/**
 * Runs a query now and after every change, and hands its result on where it differs from the one before. Runs follow
 * each other, and changes that come close together make one run.
 */
export function watchQuery<T>(options: {
  /** What is open: a result or failure of what was open before is nobody's. */
  current: CurrentWorkspace;
  run: () => Promise<T>;
  listener: (result: T) => void;
  onChange: (changed: () => void) => () => void;
  /** Tells results apart cheaply. */
  fingerprint: (result: T) => string;
}): () => void {
  const { current, run, listener, onChange, fingerprint } = options;
  let ended = false;
  let running = false;
  let again = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: string | undefined;
  let pause = gatherMilliseconds;

  const opened = () => {
    try {
      return current.get();
    } catch {
      return null;
    }
  };
  const runOnce = async () => {
    const workspace = opened();
    const isWanted = () => !ended && workspace !== null && workspace === opened();
    try {
      const result = await run();
      const print = fingerprint(result);
      if (!isWanted() || print === last) return;
      last = print;
      listener(result);
    } catch (error) {
      if (isWanted()) throw error;
    }
  };
  const start = () => {
    timer = undefined;
    if (ended) return;
    if (running) {
      again = true;
      return;
    }
    running = true;
    const startedAt = Date.now();
    void runOnce()
      .catch((error: unknown) => {
        if (!ended) reportUnexpected(error);
      })
      .finally(() => {
        running = false;
        pause = Math.max(gatherMilliseconds, Date.now() - startedAt);
        if (!again) return;
        again = false;
        schedule();
      });
  };
  const schedule = () => {
    timer ??= setTimeout(start, pause);
  };
  const unsubscribe = onChange(schedule);
  start();
  return () => {
    ended = true;
    clearTimeout(timer);
    unsubscribe();
  };
}
