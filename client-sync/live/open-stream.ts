import type { TokenRenewal } from '../account/token-renewal.ts';
import type { RetryAfter } from '../account/retry-after.ts';

interface OpenStreamOptions {
  url: string;
  fetcher: typeof fetch;
  renewal: TokenRenewal;
  retryAfter: RetryAfter;
  deviceId: string;
}

/** Begins an answer that never ends; `lastEventId` goes on after that event. Throws SignedOutError. */
export type OpenStream = (lastEventId: string, signal: AbortSignal) => Promise<Response>;

/** The stream's request with the user's token in it, sent once more with a new one where the server refuses it. */
export function createOpenStream(options: OpenStreamOptions): OpenStream {
  const { url, fetcher, renewal, retryAfter, deviceId } = options;
  return async (lastEventId, signal) => {
    let rejected: string | undefined;
    for (;;) {
      const token = await renewal.token(rejected);
      const response = await fetcher(url, {
        headers: {
          accept: 'text/event-stream',
          authorization: `Bearer ${token}`,
          'x-settee-device': deviceId,
          ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }),
        },
        cache: 'no-store',
        credentials: 'omit',
        signal,
      });
      retryAfter.learn(response);
      if (response.status !== 401 || rejected !== undefined) return response;
      await response.body?.cancel().catch(() => {});
      rejected = token;
    }
  };
}
