/** Runs `work` for every item, `concurrency` at once, in order; takes up no more once the signal aborts. */
export async function eachOf<T>(
  items: Iterable<T>,
  options: { concurrency: number; signal?: AbortSignal | undefined },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      if (options.signal?.aborted) return;
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
}
