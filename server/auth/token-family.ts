import type { SessionDocument } from './account-documents.ts';
import {
  hashSecret,
  hasProof,
  isSecretOf,
  randomSecret,
  successorSecret,
  type OpaqueToken,
} from './opaque-token.ts';

/**
 * Refresh tokens (rotation with reuse detection, RFC 9700, 4.14.2). A session is a family in which every token
 * follows from the one before it: successor = HMAC(salt, secret), the salt being stored with the session. So a
 * client that lost an answer, or two tabs that race, ask again with the same token and get the same successor,
 * from whichever process, and nobody who reads the database alone can make a token.
 */
export interface RefreshRules {
  now: Date;
  /** How long a used token may be used again while its successor is unused. */
  graceSeconds: number;
  /** How long an unused token lives. */
  lifetimeSeconds: number;
}

export type RefreshDecision =
  | { kind: 'rotate'; session: SessionDocument; secret: string }
  | { kind: 'repeat'; session: SessionDocument; secret: string }
  | { kind: 'reused'; session: SessionDocument }
  | { kind: 'ended' | 'expired' | 'unknown' };

/** What to do with a refresh token, given its family's document. `rotate` and `reused` bring the document to write. */
export function decideRefresh(
  session: SessionDocument,
  token: OpaqueToken,
  { now, graceSeconds, lifetimeSeconds }: RefreshRules,
): RefreshDecision {
  if (!hasProof(session.familyKey, token)) return { kind: 'unknown' };
  if (session.endedAt !== undefined) return { kind: 'ended' };
  if (Date.parse(session.expiresAt) <= now.getTime()) return { kind: 'expired' };
  if (isSecretOf(session.current.hash, token.secret)) return rotate(session, token, now, lifetimeSeconds);
  const { previous } = session;
  if (previous && isSecretOf(previous.hash, token.secret)) {
    const age = now.getTime() - Date.parse(previous.usedAt);
    if (age <= graceSeconds * 1000) {
      return { kind: 'repeat', session, secret: successorSecret(previous.salt, token.secret) };
    }
  }
  return { kind: 'reused', session: endedSession(session, 'token_reused', now) };
}

function rotate(
  session: SessionDocument,
  token: OpaqueToken,
  now: Date,
  lifetimeSeconds: number,
): RefreshDecision {
  const salt = randomSecret();
  const secret = successorSecret(salt, token.secret);
  const usedAt = now.toISOString();
  return {
    kind: 'rotate',
    secret,
    session: {
      ...session,
      lastUsedAt: usedAt,
      expiresAt: expiry(now, lifetimeSeconds),
      current: { hash: hashSecret(secret) },
      previous: { hash: session.current.hash, usedAt, salt },
    },
  };
}

function expiry(now: Date, seconds: number): string {
  return new Date(now.getTime() + seconds * 1000).toISOString();
}

/** True for the newest token of a session that goes on, and for the one before it. */
export function isInUse(session: SessionDocument, { secret }: OpaqueToken, now: Date): boolean {
  if (session.endedAt !== undefined || Date.parse(session.expiresAt) <= now.getTime()) return false;
  return [session.current, session.previous].some((token) => token && isSecretOf(token.hash, secret));
}

/** The document of an ended session; one that has ended keeps its first reason. */
export function endedSession(
  session: SessionDocument,
  endReason: NonNullable<SessionDocument['endReason']>,
  now: Date,
): SessionDocument {
  if (session.endedAt !== undefined) return session;
  return { ...session, endedAt: now.toISOString(), endReason };
}

/** A new family and the secret of its first token. */
export function newFamily(rules: Omit<RefreshRules, 'graceSeconds'>): {
  secret: string;
  family: Pick<SessionDocument, 'createdAt' | 'lastUsedAt' | 'expiresAt' | 'familyKey' | 'current'>;
} {
  const secret = randomSecret();
  const createdAt = rules.now.toISOString();
  return {
    secret,
    family: {
      createdAt,
      lastUsedAt: createdAt,
      expiresAt: expiry(rules.now, rules.lifetimeSeconds),
      familyKey: randomSecret(),
      current: { hash: hashSecret(secret) },
    },
  };
}
