import type { RetryAfter } from '../account/retry-after.ts';
import type { TokenRenewal } from '../account/token-renewal.ts';
import { orAborted } from '../or-aborted.ts';

interface StreamingFetchOptions {
  fetcher: typeof fetch;
  renewal: TokenRenewal;
  retryAfter: RetryAfter;
  deviceId: string;
}

/**
 * A `fetch` with the user's token in it that hands an answer over while it arrives; whoever reads it must notice a
 * connection that stays silent. Sends once more with a new token where the server refuses one.
 */
export function createStreamingFetch(options: StreamingFetchOptions): typeof fetch {
  const { fetcher, renewal, retryAfter, deviceId } = options;
  return async (input, init = {}) => {
    let rejected: string | undefined;
    for (;;) {
      const token = await orAborted(renewal.token(rejected), init.signal);
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${token}`);
      headers.set('x-settee-device', deviceId);
      const response = await fetcher(input, { ...init, headers, credentials: 'omit' });
      retryAfter.learn(response);
      if (response.status !== 401 || rejected !== undefined) return response;
      await response.body?.cancel().catch(() => {});
      rejected = token;
    }
  };
}
