import vm from 'node:vm';

let running: () => void = () => undefined;
const script = new vm.Script('task()');
/** Only V8's watchdog is wanted of it, so one serves all; making one costs more than most tasks. */
const context = vm.createContext({ task: () => running() });

/** True when the task ended by itself, false when V8's watchdog stopped it, regular expressions included. */
function runWithin(milliseconds: number, task: () => void): boolean {
  const outcome: { error?: unknown } = {};
  running = () => {
    try {
      task();
    } catch (error) {
      outcome.error = error;
    }
  };
  try {
    script.runInContext(context, { timeout: milliseconds });
  } catch {
    return false;
  }
  if (outcome.error !== undefined) throw outcome.error;
  return true;
}

/** How long one watchdog serves: each costs a thread, so many quick steps share one. */
const shared = 200;

/**
 * Runs steps 0 to count − 1, each with at least `milliseconds` of time, and calls `onTimeout` with the number
 * of every step that was stopped. A stopped step leaves no result; the next ones go on.
 */
export function runTimed(
  count: number,
  milliseconds: number,
  step: (index: number) => void,
  onTimeout: (index: number) => void,
): void {
  let index = 0;
  while (index < count) {
    const end = Date.now() + shared;
    const finished = runWithin(milliseconds + shared, () => {
      do {
        step(index);
        index += 1;
      } while (index < count && Date.now() < end);
    });
    // The time may also be up between the last step and the end.
    if (finished || index === count) continue;
    onTimeout(index);
    index += 1;
  }
}
