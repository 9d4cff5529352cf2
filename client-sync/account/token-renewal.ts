import type { Environment } from '../environment.ts';
import { SetteeClientError, SignedOutError } from '../errors.ts';
import { requestJson } from './request-json.ts';
import { tokensFrom, type SessionStore, type TokenAnswer, type Tokens } from './session-store.ts';

export interface TokenRenewal {
  /**
   * A valid access token, not the one that was `rejected`. Throws SignedOutError where the session has ended and
   * OfflineError where a renewal is due and gets no answer.
   */
  token: (rejected?: string) => Promise<string>;
}

interface RenewalOptions {
  url: string;
  fetcher: typeof fetch;
  sessions: SessionStore;
  environment: Environment;
  lockName: string;
  /** Called once the server has refused to renew. */
  onEnded: () => void;
  /** Looks for tokens that somebody renewed who shares no storage with us: a service worker. */
  recall: () => Promise<void>;
  wait?: (milliseconds: number) => Promise<void>;
}

/** Pauses before the same token is sent again, where an answer was lost: the server honours it until its successor is used. */
const pauses = [300, 1_500];

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Renews tokens under one lock for all tabs, always from the newest ones in storage. */
export function createTokenRenewal(options: RenewalOptions): TokenRenewal {
  const { sessions, environment, lockName, recall } = options;
  let running: Promise<string> | null = null;

  const usable = (rejected?: string): string | null => {
    const tokens = sessions.read()?.tokens;
    if (!tokens) throw new SignedOutError();
    return tokens.access !== rejected && environment.now() < tokens.renewAt ? tokens.access : null;
  };
  const renewUnderLock = (rejected?: string) => {
    const renew = async () => {
      // The server ends a session for a token whose successor was used already.
      await recall();
      return usable(rejected) ?? (await renewTokens(options));
    };
    return environment.locks ? environment.locks.request(lockName, {}, renew) : renew();
  };
  return {
    async token(rejected) {
      const ready = usable(rejected);
      if (ready !== null) return ready;
      running ??= renewUnderLock(rejected).finally(() => {
        running = null;
      });
      return running;
    },
  };
}

async function renewTokens(options: RenewalOptions): Promise<string> {
  const { sessions, environment } = options;
  const used = requireTokens(sessions);
  try {
    const answer = await askRepeatedly(options, used);
    const session = sessions.read();
    // Signed out, or signed in anew, while the answer was on its way: what storage says is newer.
    if (session?.tokens?.refresh !== used.refresh) return requireTokens(sessions).access;
    const tokens = tokensFrom(answer, environment.now());
    sessions.write({ ...session, tokens });
    return tokens.access;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const session = sessions.read();
    if (session?.tokens && session.tokens.refresh !== used.refresh) return session.tokens.access;
    if (session) sessions.write({ user: session.user, ...databaseOf(session) });
    options.onEnded();
    throw new SignedOutError();
  }
}

function requireTokens(sessions: SessionStore): Tokens {
  const tokens = sessions.read()?.tokens;
  if (!tokens) throw new SignedOutError();
  return tokens;
}

function databaseOf(session: { database?: string }): { database?: string } {
  return session.database === undefined ? {} : { database: session.database };
}

async function askRepeatedly(options: RenewalOptions, tokens: Tokens): Promise<TokenAnswer> {
  for (const milliseconds of pauses) {
    try {
      return await ask(options, tokens);
    } catch (error) {
      if (!isTransient(error)) throw error;
      await (options.wait ?? pause)(milliseconds);
    }
  }
  return ask(options, tokens);
}

function ask({ fetcher, url }: RenewalOptions, tokens: Tokens): Promise<TokenAnswer> {
  return requestJson<TokenAnswer>(fetcher, `${url}/api/auth/refresh`, {
    method: 'POST',
    body: { refreshToken: tokens.refresh },
  });
}

function isTransient(error: unknown): boolean {
  return error instanceof SetteeClientError && (error.code === 'offline' || error.code === 'server_error');
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof SetteeClientError)) return false;
  return ['signed_out', 'invalid_credentials', 'invalid_input', 'not_found'].includes(error.code);
}
