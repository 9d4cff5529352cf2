import { SetteeError } from '../errors.ts';
import { userDocumentId, type UserDocument } from './account-documents.ts';
import type { AccountStore } from './account-store.ts';
import type { Auth } from './auth.ts';
import type { Passwords } from './passwords.ts';
import type { Principal } from './principal.ts';
import type { Registration } from './registration.ts';
import type { AccountRemoval } from './remove-account.ts';
import type { Sessions } from './sessions.ts';

/** How long after a sign-in the password need not be given again. */
const freshSignInMilliseconds = 5 * 60_000;

/** Changes the document of a user who must be there; throws SetteeError `session_ended`. */
export async function changeUser(
  { store, clock }: { store: AccountStore; clock: () => Date },
  id: string,
  changes: Partial<UserDocument>,
): Promise<UserDocument> {
  const updatedAt = clock().toISOString();
  const user = await store.update<UserDocument>(id, (found) => ({ ...found, ...changes, updatedAt }));
  if (!user) throw new SetteeError('session_ended', 'The account was removed.');
  return user;
}

/** What users do with their own accounts. */
export function createOwnAccount(options: {
  store: AccountStore;
  passwords: Passwords;
  registration: Pick<Registration, 'changeEmail'>;
  sessions: Sessions;
  removal: Pick<AccountRemoval, 'remove'>;
  /** What would be left without an owner, so that the account must not go. */
  ownedAlone: (userId: string) => Promise<{ id: string; name: string }[]>;
  clock: () => Date;
}): Pick<Auth, 'me' | 'update' | 'changePassword' | 'deleteAccount'> {
  const { store, passwords, registration, sessions, removal, ownedAlone, clock } = options;

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

  async function signedInJustNow({ userId, sessionId }: Principal): Promise<boolean> {
    const session = sessionId === undefined ? null : await sessions.get(userId, sessionId);
    return session !== null && clock().getTime() - Date.parse(session.createdAt) < freshSignInMilliseconds;
  }

  async function assertReplaceable({ userId }: Principal): Promise<void> {
    const owned = await ownedAlone(userId);
    if (owned.length === 0) return;
    throw new SetteeError(
      'last_owner',
      'You are the only owner of spaces that others use: hand them over or delete them first.',
      { details: { spaces: owned } },
    );
  }

  return {
    me,
    async update(principal, { name, email, currentPassword }) {
      if (email !== undefined) {
        await registration.changeEmail(await meWith(principal, currentPassword ?? ''), email);
      }
      if (name === undefined) return me(principal);
      return changeUser(options, userDocumentId(principal.userId), { name: name ?? undefined });
    },
    async changePassword(principal, { currentPassword, newPassword }) {
      const user = await meWith(principal, currentPassword);
      await changeUser(options, user._id, { passwordHash: await passwords.hash(newPassword) });
      await sessions.endAll(principal.userId, 'password_changed', principal.sessionId);
    },
    async deleteAccount(principal, password) {
      const isKnown = password === undefined && (await signedInJustNow(principal));
      const user = await (isKnown ? me(principal) : meWith(principal, password ?? ''));
      await assertReplaceable(principal);
      await removal.remove(user);
    },
  };
}
