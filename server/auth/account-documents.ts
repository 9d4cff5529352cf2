import { createHash } from 'node:crypto';
import type { Scope, UserRole } from './principal.ts';

/**
 * The documents of the `accounts` database. Ids carry the user's id, so that everything of one user is one range
 * of `_all_docs`, and a deletion in the changes feed still says whose it was.
 */
interface Stored {
  _id: string;
  _rev?: string;
}

/** `user:<uuid>` */
export interface UserDocument extends Stored {
  type: 'user';
  email: string;
  /** Names the claim that holds this address for the user. */
  emailHash: string;
  name?: string;
  roles: UserRole[];
  /** argon2id, PHC string. */
  passwordHash: string;
  createdAt: string;
  updatedAt: string;
}

/** `email:<sha256 of the normalised address>`: whoever holds it owns the address. */
export interface EmailClaim extends Stored {
  type: 'email';
  userId: string;
  /** `pending` until the account is whole. */
  state: 'pending' | 'confirmed';
  claimedAt: string;
}

/** `session:<user>:<uuid>`: a family of refresh tokens, the one in use and the one before it. */
export interface SessionDocument extends Stored {
  type: 'session';
  userId: string;
  createdAt: string;
  lastUsedAt: string;
  /** When the token in use, and with it the session, is over. */
  expiresAt: string;
  /** Proves that a refresh token was once issued by this family. */
  familyKey: string;
  current: { hash: string };
  /** The token that `current` followed; with its secret and this salt the successor can be made again. */
  previous?: { hash: string; usedAt: string; salt: string };
  userAgent?: string;
  deviceId?: string;
  endedAt?: string;
  endReason?: SessionEndReason;
}

export type SessionEndReason = 'signed_out' | 'token_reused' | 'password_changed' | 'account_deleted';

/** `key:<user>:<uuid>` */
export interface KeyDocument extends Stored {
  type: 'key';
  userId: string;
  name: string;
  scopes: Scope[];
  /** The first characters, by which people recognise a key. */
  hint: string;
  hash: string;
  createdAt: string;
  lastUsedAt?: string;
  expiresAt?: string;
}

/** `device:<user>:<uuid>`: when a browser last spoke to the server. */
export interface DeviceRecord extends Stored {
  type: 'device';
  userId: string;
  lastSyncAt: string;
  sessionId?: string;
}

/** `removal:<user>`: an account that is being removed, so that a crash in between is finished at the next start. */
export interface RemovalDocument extends Stored {
  type: 'removal';
  userId: string;
  emailHash: string;
  requestedAt: string;
}

export type AccountDocument =
  UserDocument | EmailClaim | SessionDocument | KeyDocument | DeviceRecord | RemovalDocument;

export const userDocumentId = (userId: string): string => `user:${userId}`;
export const emailClaimId = (emailHash: string): string => `email:${emailHash}`;
export const sessionDocumentId = (userId: string, sessionId: string): string =>
  `session:${userId}:${sessionId}`;
export const keyDocumentId = (userId: string, keyId: string): string => `key:${userId}:${keyId}`;
export const deviceRecordId = (userId: string, deviceId: string): string => `device:${userId}:${deviceId}`;
export const removalDocumentId = (userId: string): string => `removal:${userId}`;

/** The last part of an id: `session:<user>:<session>` → `<session>`. */
export function lastPart(documentId: string): string {
  return documentId.slice(documentId.lastIndexOf(':') + 1);
}

/** Two spellings of one mailbox are one account: case and surrounding space do not count. */
export function hashEmail(email: string): string {
  return createHash('sha256').update(email.trim().normalize('NFKC').toLowerCase()).digest('hex');
}
