import { SetteeError } from '../errors.ts';
import { lastPart, sessionDocumentId, type UserDocument } from './account-documents.ts';
import type { AccountStore } from './account-store.ts';
import type { Auth } from './auth.ts';
import type { Passwords } from './passwords.ts';
import type { Registration } from './registration.ts';
import type { AccountRemoval } from './remove-account.ts';
import type { Sessions } from './sessions.ts';

/** Sessions begin with a password, and end where somebody signs out. */
export function createSignIn(options: {
  store: AccountStore;
  passwords: Passwords;
  registration: Pick<Registration, 'find'>;
  sessions: Sessions;
  removal: Pick<AccountRemoval, 'isUnderWay'>;
}): Pick<Auth, 'login' | 'logout' | 'logoutWith'> {
  const { store, passwords, registration, sessions, removal } = options;

  async function isStillGood({ _id, passwordHash }: UserDocument): Promise<boolean> {
    const user = await store.get<UserDocument>(_id);
    return user?.passwordHash === passwordHash && !(await removal.isUnderWay(lastPart(_id)));
  }

  return {
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
  };
}

function wrongCredentials(): SetteeError {
  return new SetteeError('invalid_credentials', 'The e-mail address or the password is wrong.');
}
