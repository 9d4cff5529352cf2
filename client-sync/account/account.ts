import { SetteeClientError, toClientError } from '../errors.ts';
import { createSignal } from '../signal.ts';
import type { Account, AccountApi, User } from '../account-types.ts';
import { requestJson } from './request-json.ts';
import { tokensFrom, type Session, type SessionStore, type TokenAnswer } from './session-store.ts';

interface AccountOptions {
  url: string;
  fetcher: typeof fetch;
  sessions: SessionStore;
  deviceId: string;
  now: () => number;
  /** Opens the databases of whoever storage says is signed in, and adopts what was made before. */
  openUser: () => Promise<void>;
  /** Removes the user's local data; throws UnpushedChangesError where that would lose edits. */
  leaveUser: (options: { discardUnpushed: boolean }) => Promise<void>;
}

export interface AccountModule {
  api: AccountApi;
  /** Reads the session anew, after this or another tab has changed it. */
  refresh: () => void;
}

function accountOf(session: Session | null): Account | null {
  return session && { user: session.user, state: session.tokens ? 'signed-in' : 'signed-out' };
}

export function createAccount(options: AccountOptions): AccountModule {
  const { url, fetcher, sessions, deviceId, now, openUser, leaveUser } = options;
  const changed = createSignal<Account | null>();
  let account = accountOf(sessions.read());

  const refresh = () => {
    const next = accountOf(sessions.read());
    if (JSON.stringify(next) === JSON.stringify(account)) return;
    account = next;
    changed.emit(account);
  };
  const enter = async (path: string, body: unknown): Promise<Account> => {
    const answer = await requestJson<TokenAnswer & { user: User }>(fetcher, `${url}${path}`, {
      method: 'POST',
      body,
      headers: { 'x-settee-device': deviceId },
    });
    const before = sessions.read();
    const database = before?.user.id === answer.user.id ? before.database : undefined;
    sessions.write({
      user: answer.user,
      tokens: tokensFrom(answer, now()),
      ...(database === undefined ? {} : { database }),
    });
    try {
      await openUser();
    } catch (cause) {
      // The databases cannot be opened, or not hold what was made before: all stays as it was.
      sessions.write(before);
      await openUser().catch(() => {});
      refresh();
      throw toClientError(cause);
    }
    refresh();
    return requireAccount(account);
  };
  return {
    refresh,
    api: {
      current: () => account,
      register: (input) => enter('/api/auth/register', input),
      signIn: (input) => enter('/api/auth/login', input),
      async signOut({ discardUnpushed = false } = {}) {
        const session = sessions.read();
        if (!session) return;
        await leaveUser({ discardUnpushed });
        await endSession(options, session);
        refresh();
      },
      subscribe: changed.subscribe,
    },
  };
}

/** Ends the session on the server where that can be reached; without it, the tokens end by themselves. */
async function endSession({ fetcher, url }: AccountOptions, { tokens }: Session): Promise<void> {
  if (!tokens) return;
  try {
    await requestJson(fetcher, `${url}/api/auth/logout`, {
      method: 'POST',
      body: { refreshToken: tokens.refresh },
    });
  } catch (error) {
    if (!(error instanceof SetteeClientError)) throw error;
  }
}

function requireAccount(account: Account | null): Account {
  if (!account) throw new SetteeClientError('server_error', 'The server signed in nobody.');
  return account;
}
