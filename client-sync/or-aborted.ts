/** Settles as the work does, or rejects with the signal's reason as soon as that aborts; the work goes on unheard. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work;
  const heard = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { signal: heard.signal });
  });
  return Promise.race([work, aborted]).finally(() => heard.abort());
}
