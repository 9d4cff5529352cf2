import { randomUUID } from 'node:crypto';
import { SetteeError } from '../errors.ts';
import {
  emailClaimId,
  hashEmail,
  lastPart,
  userDocumentId,
  type EmailClaim,
  type UserDocument,
} from './account-documents.ts';
import type { AccountStore } from './account-store.ts';
import type { Passwords } from './passwords.ts';
import type { UserRole } from './principal.ts';

export interface NewAccount {
  email: string;
  password: string;
  name?: string;
}

/**
 * An address belongs to whoever holds its claim document. An account is made in three steps, each fenced by a
 * revision: a pending claim, the user, the confirmed claim. A claim without its user is taken over after a minute.
 */
export interface Registration {
  /** Throws SetteeError `email_taken`. */
  register(account: NewAccount, roles: UserRole[]): Promise<UserDocument>;
  /** The account that holds this address; finishes an account whose making was interrupted. */
  find(email: string): Promise<UserDocument | null>;
  /** Throws SetteeError `email_taken`. */
  changeEmail(user: UserDocument, email: string): Promise<UserDocument>;
  release(emailHash: string, userId: string): Promise<void>;
}

/** Longer than any registration takes, so that a claim this old belongs to nobody who is still at it. */
const orphanedAfterMilliseconds = 60_000;

export function createRegistration(options: {
  store: AccountStore;
  passwords: Passwords;
  createSpace: (user: { id: string; createdAt: string }) => Promise<unknown>;
  clock: () => Date;
}): Registration {
  const { store, passwords, createSpace, clock } = options;

  async function holder(claim: EmailClaim): Promise<UserDocument | null> {
    const user = await store.get<UserDocument>(userDocumentId(claim.userId));
    return user && emailClaimId(user.emailHash) === claim._id ? user : null;
  }

  async function isTaken(claim: EmailClaim): Promise<boolean> {
    const age = clock().getTime() - Date.parse(claim.claimedAt);
    return age < orphanedAfterMilliseconds || (await holder(claim)) !== null;
  }

  async function take(emailHash: string, userId: string): Promise<void> {
    const wanted: EmailClaim = {
      _id: emailClaimId(emailHash),
      type: 'email',
      userId,
      state: 'pending',
      claimedAt: clock().toISOString(),
    };
    if (await store.create(wanted)) return;
    const found = await store.get<EmailClaim>(wanted._id);
    if (found?.userId === userId) return;
    const free = found?._rev !== undefined && !(await isTaken(found));
    if (free && (await store.replace({ ...wanted, _rev: found._rev as string }))) return;
    throw emailTaken();
  }

  /** False where somebody took the claim over in between. */
  async function confirm(emailHash: string, userId: string): Promise<boolean> {
    const confirmed = await store.update<EmailClaim>(emailClaimId(emailHash), (found) =>
      found.userId === userId && found.state === 'pending' ? { ...found, state: 'confirmed' } : null,
    );
    return confirmed?.userId === userId;
  }

  async function release(emailHash: string, userId: string): Promise<void> {
    const found = await store.get<EmailClaim>(emailClaimId(emailHash));
    if (found?.userId === userId) await store.remove(found._id);
  }

  function newUser(account: NewAccount, roles: UserRole[], passwordHash: string): UserDocument {
    const now = clock().toISOString();
    return {
      _id: userDocumentId(randomUUID()),
      type: 'user',
      email: account.email.trim(),
      emailHash: hashEmail(account.email),
      ...(account.name === undefined ? {} : { name: account.name }),
      roles,
      passwordHash,
      createdAt: now,
      updatedAt: now,
    };
  }

  return {
    async register(account, roles) {
      const user = newUser(account, roles, await passwords.hash(account.password));
      const userId = lastPart(user._id);
      await take(user.emailHash, userId);
      await store.create(user);
      await createSpace({ id: userId, createdAt: user.createdAt });
      if (await confirm(user.emailHash, userId)) return user;
      await store.remove(user._id);
      throw emailTaken();
    },
    async find(email) {
      const emailHash = hashEmail(email);
      const found = await store.get<EmailClaim>(emailClaimId(emailHash));
      // Reads as much for an address nobody has as for any other.
      const user = await holder(found ?? { ...unclaimed, _id: emailClaimId(emailHash) });
      if (!user || found?.state !== 'pending') return user;
      await createSpace({ id: found.userId, createdAt: user.createdAt });
      return (await confirm(emailHash, found.userId)) ? user : null;
    },
    async changeEmail(user, email) {
      const userId = lastPart(user._id);
      const emailHash = hashEmail(email);
      const set = (to: { email: string; emailHash: string }): Promise<UserDocument | null> =>
        store.update<UserDocument>(user._id, (found) => ({
          ...found,
          ...to,
          updatedAt: clock().toISOString(),
        }));
      await take(emailHash, userId);
      const changed = await set({ email: email.trim(), emailHash });
      const confirmed = await confirm(emailHash, userId);
      if (changed && confirmed) {
        if (emailHash !== user.emailHash) await release(user.emailHash, userId);
        return changed;
      }
      await set({ email: user.email, emailHash: user.emailHash });
      throw emailTaken();
    },
    release,
  };
}

const unclaimed: Omit<EmailClaim, '_id'> = {
  type: 'email',
  userId: 'nobody',
  state: 'confirmed',
  claimedAt: '',
};

function emailTaken(): SetteeError {
  return new SetteeError('email_taken', 'This e-mail address has an account already.');
}
