import { serverDatabaseName, uuidPattern } from '../../schema/index.ts';
import type { Couch } from '../couch/couch.ts';
import type { Keyring } from '../couch/keyring.ts';
import { SetteeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createAccountCache, type AccountCache } from './account-cache.ts';
import { lastPart, userDocumentId, type AccountDocument, type UserDocument } from './account-documents.ts';
import { createAccountStore } from './account-store.ts';
import { createApiKeys, keysPerUser } from './api-keys.ts';
import type { Auth, Person } from './auth.ts';
import { createAuthenticate } from './authenticate.ts';
import { createDeviceRecords } from './device-records.ts';
import { ensureAdministrator } from './first-administrator.ts';
import { changeUser, createOwnAccount } from './own-account.ts';
import { createPasswords, type PasswordCost } from './passwords.ts';
import { createRegistration } from './registration.ts';
import { createAccountRemoval } from './remove-account.ts';
import { createSessions, type TokenRules } from './sessions.ts';
import { createSignIn } from './sign-in.ts';

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

  const signIn = createSignIn({ store, passwords, registration, sessions, removal });
  const ownAccount = createOwnAccount({
    store,
    passwords,
    registration,
    sessions,
    removal,
    ownedAlone: (userId) => spaces.ownedAlone(userId),
    clock,
  });

  /** Work that no request waits for; `close` does. Never rejects. */
  function inBackground(work: Promise<void>, what: string): Promise<void> {
    const guarded = work
      .catch((error: unknown) => log.warn({ err: error }, what))
      .finally(() => running.delete(guarded));
    running.add(guarded);
    return guarded;
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
    ...signIn,
    ...ownAccount,
    refresh: (refreshToken, client) => sessions.refresh(refreshToken, client),
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
        {
          registration,
          passwords,
          grant: (user) => changeUser({ store, clock }, user._id, { roles: ['user', 'admin'] }),
        },
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
