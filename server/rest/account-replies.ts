import type { Request } from 'express';
import type { AuthReply, Key, Session, User } from '../../schema/index.ts';
import {
  lastPart,
  type KeyDocument,
  type SessionDocument,
  type UserDocument,
} from '../auth/account-documents.ts';
import type { Principal } from '../auth/principal.ts';
import type { ClientDescription, IssuedTokens } from '../auth/sessions.ts';
import { SetteeError } from '../errors.ts';
import { deviceOf } from '../http/identify.ts';

/** A user as callers see one. */
export function userReply(user: UserDocument): User {
  const { email, name, roles, createdAt } = user;
  return { id: lastPart(user._id), email, ...(name === undefined ? {} : { name }), roles, createdAt };
}

export function tokensReply({ user, accessToken, refreshToken, expiresIn }: IssuedTokens): AuthReply {
  return { user: userReply(user), accessToken, refreshToken, expiresIn };
}

export function sessionReply(session: SessionDocument, principal: Principal): Session {
  const { createdAt, lastUsedAt, userAgent, deviceId } = session;
  const id = lastPart(session._id);
  return {
    id,
    createdAt,
    lastUsedAt,
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(deviceId === undefined ? {} : { deviceId }),
    current: id === principal.sessionId,
  };
}

export function keyReply(key: KeyDocument): Key {
  const { name, scopes, createdAt, lastUsedAt, expiresAt } = key;
  return {
    id: lastPart(key._id),
    name,
    scopes,
    createdAt,
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

const longestUserAgent = 300;

/** What a client says about itself, for the list of sessions. */
export function clientOf(request: Request): ClientDescription {
  const userAgent = request.get('user-agent')?.slice(0, longestUserAgent);
  const deviceId = deviceOf(request);
  return { ...(userAgent ? { userAgent } : {}), ...(deviceId === undefined ? {} : { deviceId }) };
}

/** An API key works with data; the account itself belongs to people who signed in. */
export function assertSession(principal: Principal): void {
  if (principal.sessionId !== undefined) return;
  throw new SetteeError('insufficient_scope', 'An API key cannot manage the account; sign in for that.');
}
