/** Begins an answer that never ends; a `lastEventId` goes on after that event. Throws SignedOutError. */
export type OpenStream = (lastEventId: string, signal: AbortSignal) => Promise<Response>;

/** The stream's request; `fetcher` sends the user's token and hands the answer over while it arrives. */
export function createOpenStream(fetcher: typeof fetch, url: string): OpenStream {
  return (lastEventId, signal) =>
    fetcher(url, {
      headers: {
        accept: 'text/event-stream',
        ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }),
      },
      cache: 'no-store',
      signal,
    });
}
