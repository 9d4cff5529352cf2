/** The same values, but reading the middle one stops the thread the first time, until a watchdog ends that. */
export function pausedOnce<T>(values: T[]): T[] {
  const middle = Math.floor(values.length / 2);
  const value = values[middle] as T;
  let paused = false;
  return Object.defineProperty([...values], middle, {
    get() {
      if (!paused) {
        paused = true;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
      }
      return value;
    },
  });
}
