import type { Unsubscribe } from './signal.ts';

/** Whose account it is, as the server describes them. */
export interface User {
  id: string;
  email: string;
  name?: string;
  roles: string[];
}

/** `signed-out` means that the session ended by itself: the user's local data stays readable and writable. */
export interface Account {
  user: User;
  state: 'signed-in' | 'signed-out';
}

/** Registering, signing in and signing out. */
export interface AccountApi {
  /** Who is (or was last) signed in here, or null before any account. Stable between changes. */
  current: () => Account | null;
  /** Makes an account, signs in, and adopts what was made here before. */
  register: (input: { email: string; password: string; name?: string }) => Promise<Account>;
  /** Signs in; local data from before any account is adopted once, by the first account. */
  signIn: (input: { email: string; password: string }) => Promise<Account>;
  /** Pushes what is pending, ends the session and removes the user's local data. Rejects with UnpushedChangesError. */
  signOut: (options?: { discardUnpushed?: boolean }) => Promise<void>;
  subscribe: (listener: (account: Account | null) => void) => Unsubscribe;
}
