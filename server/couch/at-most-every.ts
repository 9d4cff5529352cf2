import { setTimeout as sleep } from 'node:timers/promises';

/** Does the work no more often than that: who asks too early waits, and all who wait share one run that starts after. */
export function atMostEvery(milliseconds: number, work: () => Promise<void>): () => Promise<void> {
  let next: Promise<void> | null = null;
  let startedAt = Number.NEGATIVE_INFINITY;

  async function run(): Promise<void> {
    const wait = startedAt + milliseconds - performance.now();
    await sleep(Math.max(0, wait), undefined, { ref: false });
    next = null;
    startedAt = performance.now();
    await work();
  }
  return () => {
    next ??= run();
    return next;
  };
}
