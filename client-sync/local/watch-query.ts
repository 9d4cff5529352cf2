import { reportUnexpected, type Unsubscribe } from '../signal.ts';
import type { CurrentWorkspace, Workspace } from '../workspace.ts';

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
  /** Follows what the result depends on in one workspace; that another is opened is heard anyway. */
  onChange: (workspace: Workspace, changed: () => void) => Unsubscribe;
  /** Tells results apart cheaply. */
  fingerprint: (result: T) => string;
}): Unsubscribe {
  const { current, run, listener, onChange, fingerprint } = options;
  let ended = false;
  let running = false;
  let again = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last: string | undefined;
  let pause = gatherMilliseconds;
  let lastStart = 0;

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
    lastStart = startedAt;
    void runOnce()
      .catch((error: unknown) => {
        if (!ended) reportUnexpected(error);
      })
      .finally(() => {
        running = false;
        pause = Math.max(gatherMilliseconds, 2 * (Date.now() - startedAt));
        if (!again) return;
        again = false;
        schedule();
      });
  };
  const schedule = () => {
    // The first change after a quiet time is shown at once.
    timer ??= setTimeout(start, Math.max(0, pause - (Date.now() - lastStart)));
  };
  const unsubscribe = followCurrent(current, (workspace) => onChange(workspace, schedule), schedule);
  start();
  return () => {
    ended = true;
    clearTimeout(timer);
    unsubscribe();
  };
}

function followCurrent(
  current: CurrentWorkspace,
  subscribe: (workspace: Workspace) => Unsubscribe,
  switched: () => void,
): Unsubscribe {
  let unsubscribe = subscribe(current.get());
  const unsubscribeSwitch = current.onSwitch(() => {
    unsubscribe();
    unsubscribe = subscribe(current.get());
    switched();
  });
  return () => {
    unsubscribe();
    unsubscribeSwitch();
  };
}
