import type { Environment } from '../environment.ts';
import { orAborted } from '../or-aborted.ts';
import { readAnswer } from './read-answer.ts';
import type { RetryAfter } from './retry-after.ts';
import type { ServerClock } from './server-clock.ts';
import type { SessionStore } from './session-store.ts';
import type { TokenRenewal } from './token-renewal.ts';

interface AuthorizedFetchOptions {
  fetcher: typeof fetch;
  renewal: TokenRenewal;
  sessions: SessionStore;
  clock: ServerClock;
  retryAfter: RetryAfter;
  environment: Environment;
  deviceId: string;
}

/**
 * A `fetch` with the user's token in it: renewed before it ends, and once more where the server refuses it, so that
 * replication never sees a 401. Long polls are begun anew when their token is due, since the server cuts them at its
 * end. Throws SignedOutError where the session is over.
 */
export function createAuthorizedFetch(options: AuthorizedFetchOptions): typeof fetch {
  const { fetcher, renewal, sessions, clock, retryAfter, environment, deviceId } = options;

  const send = async (url: string, init: RequestInit, token: string, until: number): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    headers.set('x-settee-device', deviceId);
    const sentAt = environment.now();
    const response = await readAnswer(
      fetcher,
      url,
      { ...init, headers, credentials: 'omit' },
      until - sentAt,
    );
    retryAfter.learn(response);
    if (!isLongPoll(url)) clock.learn(response, sentAt);
    return response;
  };
  /** When a feed that begins now has to be begun anew; other requests may take as long as they need. */
  const feedEnd = (url: string) =>
    isLongPoll(url) ? (sessions.read()?.tokens?.renewAt ?? 0) : Number.POSITIVE_INFINITY;

  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    let rejected: string | undefined;
    for (;;) {
      const token = await orAborted(renewal.token(rejected), init.signal);
      const until = feedEnd(url);
      try {
        const response = await send(url, init, token, until);
        if (response.status !== 401 || rejected !== undefined) return response;
        rejected = token;
      } catch (error) {
        if (environment.now() < until || init.signal?.aborted || !isCut(error)) throw error;
      }
    }
  };
}

function isLongPoll(url: string): boolean {
  return url.includes('feed=longpoll');
}

/** The ways in which a platform says that a connection ended: reset by the other side, or by our own timer. */
function isCut(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError');
}
