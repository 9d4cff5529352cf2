import type { KeyValueStore } from '../environment.ts';
import type { User } from '../account-types.ts';

/** A session as this browser keeps it between visits. Without tokens it has ended; the user stays known. */
export interface Session {
  user: User;
  tokens?: Tokens;
  /** Name of the user's database on the server, once it is known. */
  database?: string;
}

export interface Tokens {
  access: string;
  refresh: string;
  /** Milliseconds of this device's clock. */
  renewAt: number;
}

export interface SessionStore {
  read: () => Session | null;
  write: (session: Session | null) => void;
}

/** Keeps the session in storage, read anew each time: another tab may have renewed it. */
export function createSessionStore(storage: KeyValueStore, key: string): SessionStore {
  return {
    read() {
      const text = storage.getItem(key);
      if (text === null) return null;
      try {
        const session = JSON.parse(text) as Session | null;
        return typeof session?.user?.id === 'string' ? session : null;
      } catch {
        return null;
      }
    },
    write(session) {
      if (session === null) storage.removeItem(key);
      else storage.setItem(key, JSON.stringify(session));
    },
  };
}

/** What the server answers to sign-up, sign-in and refresh. */
export interface TokenAnswer {
  accessToken: string;
  refreshToken: string;
  /** Seconds. */
  expiresIn: number;
}

/** Renewed ahead of the end, so that requests do not meet it on their way: 30 s, or a quarter of a short life. */
export function tokensFrom(answer: TokenAnswer, now: number): Tokens {
  const life = answer.expiresIn * 1_000;
  return {
    access: answer.accessToken,
    refresh: answer.refreshToken,
    renewAt: now + life - Math.min(30_000, life / 4),
  };
}
