import type { DeviceRecord, KeyDocument, SessionDocument, UserDocument } from './account-documents.ts';
import type { NewKey } from './api-keys.ts';
import type { AdministratorOutcome } from './first-administrator.ts';
import type { Principal } from './principal.ts';
import type { NewAccount } from './registration.ts';
import type { ClientDescription, IssuedTokens } from './sessions.ts';

/** What a user may change about the account; an address needs the password. */
export interface AccountChanges {
  /** Null removes it. */
  name?: string | null;
  email?: string;
  currentPassword?: string;
}

/** What people who share a space know of each other. */
export interface Person {
  userId: string;
  email: string;
  name?: string;
}

/** Accounts, sessions, API keys: who somebody is, and for how long. */
export interface Auth {
  /** `Bearer <access token>` or `Bearer stk_…`; throws SetteeError `unauthorized`, `token_expired` or `session_ended`. */
  authenticate(authorization: string | undefined): Promise<Principal>;
  /** Throws SetteeError `email_taken`. */
  register(account: NewAccount, client: ClientDescription): Promise<IssuedTokens>;
  /** Throws SetteeError `invalid_credentials`. */
  login(credentials: { email: string; password: string }, client: ClientDescription): Promise<IssuedTokens>;
  refresh(refreshToken: string, client: ClientDescription): Promise<IssuedTokens>;
  /** Ends this session, or all of the user's. */
  logout(principal: Principal, options?: { all?: boolean }): Promise<void>;
  /** Ends the session of a refresh token, for clients whose access token is over; any other token does nothing. */
  logoutWith(refreshToken: string, options?: { all?: boolean }): Promise<void>;
  me(principal: Principal): Promise<UserDocument>;
  update(principal: Principal, changes: AccountChanges): Promise<UserDocument>;
  /** Ends all other sessions; API keys stay. */
  changePassword(
    principal: Principal,
    change: { currentPassword: string; newPassword: string },
  ): Promise<void>;
  /**
   * Removes the account with all its data, for good; throws SetteeError `last_owner` while others use a space that only
   * this user owns. Without the password, only in the first minutes after signing in.
   */
  deleteAccount(principal: Principal, password?: string): Promise<void>;
  /** Those of them who have an account. */
  people(userIds: readonly string[]): Promise<Person[]>;
  /** Who has an account with this address. */
  findPerson(email: string): Promise<Person | null>;
  sessions(userId: string): Promise<SessionDocument[]>;
  /** False where the user has no such session. */
  endSession(userId: string, sessionId: string): Promise<boolean>;
  keys(userId: string): Promise<KeyDocument[]>;
  /** Throws SetteeError `forbidden` for scopes that the user lacks. */
  createKey(principal: Principal, key: NewKey): Promise<{ key: KeyDocument; token: string }>;
  /** False where the user has no such key. */
  deleteKey(userId: string, keyId: string): Promise<boolean>;
  /** Notes that a device spoke to the server, at most once a minute. */
  recordDevice(principal: Principal, deviceId: string, now: Date): Promise<void>;
  deviceRecords(userId: string): Promise<DeviceRecord[]>;
  /** Called once with the id of each session that ends, and of each API key that is deleted, here or in another process. */
  onSessionEnd(listener: (sessionOrKeyId: string) => void): () => void;
  /** Makes the first administrator, or makes the owner of that address and password one. */
  ensureAdministrator(account: { email: string; password: string }): Promise<AdministratorOutcome>;
  /** Finishes account removals that were cut short; those that fail again are logged. */
  finishRemovals(): Promise<void>;
  /** True while changes of other processes arrive. */
  isFresh(): boolean;
  close(): Promise<void>;
}
