import { serverDatabaseName, uuidPattern } from '../../schema/index.ts';
import type { Couch } from '../couch/couch.ts';
import type { Keyring } from '../couch/keyring.ts';
import { SetteeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createAccountCache, type AccountCache } from './account-cache.ts';
import {
  lastPart,
  sessionDocumentId,
  userDocumentId,
  type AccountDocument,
  type UserDocument,
} from './account-documents.ts';
import { createAccountStore } from './account-store.ts';
import { createApiKeys, keysPerUser } from './api-keys.ts';
import type { Auth, Person } from './auth.ts';
import { createAuthenticate } from './authenticate.ts';
import { createDeviceRecords } from './device-records.ts';
import { ensureAdministrator } from './first-administrator.ts';
import { createPasswords, type PasswordCost } from './passwords.ts';
import type { Principal } from './principal.ts';
import { createRegistration } from './registration.ts';
import { createAccountRemoval } from './remove-account.ts';
import { createSessions, type TokenRules } from './sessions.ts';

/** How long after a sign-in the password need not be given again. */
const freshSignInMilliseconds = 5 * 60_000;

export interface AuthOptions {
  couch: Couch;
  keyring: Keyring;
  log: Log;
  rules: TokenRules;
  /** What an account owns besides itself; both may be repeated after a crash. */
  spaces: {
    createPersonal(user: { id: string; createdAt: string }): Promise<unknown>;
    removeUser(userId: string): Promise<void>;
    /** What would be left without an owner, so that the account must not go. */
    ownedAlone(userId: string): Promise<{ id: string; name: string }[]>;
  };
  clock?: () => Date;
  /** For tests only. */
  passwordCost?: PasswordCost;
}

/** Opens the accounts, making their database at the first start. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { couch, keyring, log, rules, spaces } = options;
  const clock = options.clock ?? (() => new Date());
  const database = serverDatabaseName('accounts', couch.prefix);
  const running = new Set<Promise<void>>();
  const closing = new AbortController();

  await couch.createDatabase(database, 'accounts');
  const cache: AccountCache = createAccountCache({
    couch,
    database,
    fetch: (ids) => store.getMany(ids),
  });
  const store = createAccountStore({
    database: couch.admin<AccountDocument>(database),
    onWrite: (id, document) => cache.wrote(id, document),
  });
  const passwords = await createPasswords(options.passwordCost);
  const registration = createRegistration({
    store,
    passwords,
    createSpace: (user) => spaces.createPersonal(user),
    clock,
  });
  const sessions = createSessions({ store, keyring, rules, clock });
  const keys = createApiKeys({ store, clock });
  const devices = createDeviceRecords({ store });
  const removal = createAccountRemoval({
    store,
    sessions,
    keys,
    devices,
    registration,
    removeSpaces: (userId) => spaces.removeUser(userId),
    clock,
    log,
  });

  /** Work that no request waits for; `close` does. Never rejects. */
  function inBackground(work: Promise<void>, what: string): Promise<void> {
    const guarded = work
      .catch((error: unknown) => log.warn({ err: error }, what))
      .finally(() => running.delete(guarded));
    running.add(guarded);
    return guarded;
  }

  async function me({ userId }: Principal): Promise<UserDocument> {
    const user = await store.get<UserDocument>(userDocumentId(userId));
    if (!user) throw new SetteeError('session_ended', 'The account was removed.');
    return user;
  }

  async function meWith(principal: Principal, password: string): Promise<UserDocument> {
    const user = await me(principal);
    if (await passwords.verify(user.passwordHash, password)) return user;
    throw new SetteeError('invalid_credentials', 'The password is wrong.');
  }

  async function isStillGood({ _id, passwordHash }: UserDocument): Promise<boolean> {
    const user = await store.get<UserDocument>(_id);
    return user?.passwordHash === passwordHash && !(await removal.isUnderWay(lastPart(_id)));
  }

  async function signedInJustNow({ userId, sessionId }: Principal): Promise<boolean> {
    const session = sessionId === undefined ? null : await sessions.get(userId, sessionId);
    return session !== null && clock().getTime() - Date.parse(session.createdAt) < freshSignInMilliseconds;
  }

  async function assertReplaceable({ userId }: Principal): Promise<void> {
    const owned = await spaces.ownedAlone(userId);
    if (owned.length === 0) return;
    throw new SetteeError(
      'last_owner',
      'You are the only owner of spaces that others use: hand them over or delete them first.',
      { details: { spaces: owned } },
    );
  }

  async function setUser(id: string, changes: Partial<UserDocument>): Promise<UserDocument> {
    const updatedAt = clock().toISOString();
    const user = await store.update<UserDocument>(id, (found) => ({ ...found, ...changes, updatedAt }));
    if (!user) throw new SetteeError('session_ended', 'The account was removed.');
    return user;
  }

  return {
    authenticate: createAuthenticate({
      keyring,
      cache,
      clock,
      onKeyUse: (key) => void inBackground(keys.noteUse(key), 'the use of a key could not be noted'),
    }),
    async register(account, client) {
      return sessions.start(await registration.register(account, ['user']), client);
    },
    async login({ email, password }, client) {
      const user = await registration.find(email);
      const matches = await passwords.verify(user?.passwordHash ?? null, password);
      if (!user || !matches) throw wrongCredentials();
      const issued = await sessions.start(user, client);
      if (await isStillGood(user)) return issued;
      // Whoever changed the password or removes the account may have ended all sessions before this one began.
      await store.remove(sessionDocumentId(lastPart(user._id), issued.sessionId));
      throw wrongCredentials();
    },
    refresh: (refreshToken, client) => sessions.refresh(refreshToken, client),
    async logout({ userId, sessionId }, { all = false } = {}) {
      if (all) await sessions.endAll(userId, 'signed_out');
      else if (sessionId !== undefined) await sessions.end(userId, sessionId, 'signed_out');
    },
    async logoutWith(refreshToken, { all = false } = {}) {
      const found = await sessions.find(refreshToken);
      if (!found) return;
      const { session, isInUse } = found;
      // A token that is over may end its own session, but no others.
      if (all && isInUse) await sessions.endAll(session.userId, 'signed_out');
      else await sessions.end(session.userId, lastPart(session._id), 'signed_out');
    },
    me,
    async update(principal, { name, email, currentPassword }) {
      if (email !== undefined) {
        await registration.changeEmail(await meWith(principal, currentPassword ?? ''), email);
      }
      if (name === undefined) return me(principal);
      return setUser(userDocumentId(principal.userId), { name: name ?? undefined });
    },
    async changePassword(principal, { currentPassword, newPassword }) {
      const user = await meWith(principal, currentPassword);
      await setUser(user._id, { passwordHash: await passwords.hash(newPassword) });
      await sessions.endAll(principal.userId, 'password_changed', principal.sessionId);
    },
    async deleteAccount(principal, password) {
      const isKnown = password === undefined && (await signedInJustNow(principal));
      const user = await (isKnown ? me(principal) : meWith(principal, password ?? ''));
      await assertReplaceable(principal);
      await removal.remove(user);
    },
    async people(userIds) {
      const users = userIds.length === 0 ? [] : await store.getMany(userIds.map(userDocumentId));
      return users.flatMap((user) => (user?.type === 'user' ? [personOf(user)] : []));
    },
    async findPerson(email) {
      const user = await registration.find(email);
      return user && personOf(user);
    },
    sessions: (userId) => sessions.list(userId),
    endSession: async (userId, sessionId) =>
      uuidPattern.test(sessionId) && sessions.end(userId, sessionId, 'signed_out'),
    keys: (userId) => keys.list(userId),
    async createKey({ userId, scopes }, key) {
      const missing = key.scopes.filter((scope) => !scopes.includes(scope));
      if (missing.length > 0) {
        throw new SetteeError(
          'forbidden',
          `You cannot give a key what you may not do: ${missing.join(', ')}.`,
        );
      }
      if ((await keys.list(userId)).length >= keysPerUser) {
        throw new SetteeError('conflict', `There are ${keysPerUser} keys already; delete one first.`);
      }
      return keys.create(userId, key);
    },
    deleteKey: async (userId, keyId) => uuidPattern.test(keyId) && keys.remove(userId, keyId),
    recordDevice: (principal, deviceId, now) => devices.record(principal, deviceId, now),
    deviceRecords: (userId) => devices.list(userId),
    onSessionEnd: (listener) => cache.onEnd(listener),
    ensureAdministrator: (account) =>
      ensureAdministrator(
        { registration, passwords, grant: (user) => setUser(user._id, { roles: ['user', 'admin'] }) },
        account,
      ),
    finishRemovals: () =>
      inBackground(removal.finishRemovals(closing.signal), 'account removals could not be looked for'),
    isFresh: () => cache.fresh(),
    async close() {
      closing.abort();
      cache.close();
      await Promise.all(running);
    },
  };
}

function personOf({ _id, email, name }: UserDocument): Person {
  return { userId: lastPart(_id), email, ...(name === undefined ? {} : { name }) };
}

function wrongCredentials(): SetteeError {
  return new SetteeError('invalid_credentials', 'The e-mail address or the password is wrong.');
}
