import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import { uuidPattern } from '../../schema/index.ts';
import type { Keyring } from '../couch/keyring.ts';
import { SetteeError } from '../errors.ts';
import type { AccountCache } from './account-cache.ts';
import {
  keyDocumentId,
  lastPart,
  sessionDocumentId,
  userDocumentId,
  type AccountDocument,
  type KeyDocument,
  type UserDocument,
} from './account-documents.ts';
import { apiKeyPrefix } from './api-keys.ts';
import { isSecretOf, parseToken, type OpaqueToken } from './opaque-token.ts';
import type { Principal, Scope } from './principal.ts';

/** What a verified access token says. */
interface AccessClaims {
  userId: string;
  sessionId: string;
  expiresAt: number;
}

const rememberedTokens = 20_000;

function unauthorized(message: string): SetteeError {
  return new SetteeError('unauthorized', message, {
    headers: { 'WWW-Authenticate': 'Bearer realm="settee"' },
  });
}

function userScopes({ roles }: UserDocument): Scope[] {
  return roles.includes('admin') ? ['read', 'write', 'execute', 'admin'] : ['read', 'write', 'execute'];
}

function identity(user: UserDocument): Pick<Principal, 'userId' | 'email' | 'name' | 'roles'> {
  const { email, name, roles } = user;
  return { userId: lastPart(user._id), email, roles, ...(name === undefined ? {} : { name }) };
}

function asUser(document: AccountDocument | null | undefined): UserDocument | null {
  return document?.type === 'user' ? document : null;
}

/** Reads `Authorization` headers: `Bearer <access token>` or `Bearer stk_…`. */
export function createAuthenticate(options: {
  keyring: Pick<Keyring, 'verifyAccess'>;
  cache: AccountCache;
  clock: () => Date;
  onKeyUse: (key: KeyDocument) => void;
}): (authorization: string | undefined) => Promise<Principal> {
  const { keyring, cache, clock, onKeyUse } = options;
  const verified = new LRUCache<string, AccessClaims>(atMost(rememberedTokens));

  async function verify(token: string): Promise<AccessClaims> {
    const { sub, sid, exp } = await keyring.verifyAccess(token);
    const isIdentified = sub !== undefined && uuidPattern.test(sub) && typeof sid === 'string';
    if (!isIdentified || !uuidPattern.test(sid) || exp === undefined) {
      throw unauthorized('The access token is not valid.');
    }
    const claims = { userId: sub, sessionId: sid, expiresAt: exp };
    verified.set(token, claims);
    return claims;
  }

  async function bySession(token: string): Promise<Principal> {
    const claims = verified.get(token) ?? (await verify(token));
    const { userId, sessionId, expiresAt } = claims;
    if (expiresAt * 1000 <= clock().getTime()) {
      verified.delete(token);
      throw new SetteeError('token_expired', 'The access token has expired.');
    }
    const ids = [userDocumentId(userId), sessionDocumentId(userId, sessionId)];
    const [found, session] = await cache.read(ids);
    const user = asUser(found);
    if (!user || !session) throw new SetteeError('session_ended', 'The session has ended; sign in again.');
    return { ...identity(user), sessionId, scopes: userScopes(user), expiresAt };
  }

  async function byKey(token: OpaqueToken): Promise<Principal> {
    const ids = [userDocumentId(token.userId), keyDocumentId(token.userId, token.id)];
    const [found, key] = await cache.read(ids);
    const user = asUser(found);
    if (!user || key?.type !== 'key' || !isSecretOf(key.hash, token.secret)) {
      throw unauthorized('The API key is not valid.');
    }
    const endsAt = key.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(key.expiresAt);
    if (endsAt <= clock().getTime()) throw new SetteeError('token_expired', 'The API key has expired.');
    onKeyUse(key);
    // A key never outlives the rights of its user.
    const scopes = key.scopes.filter((scope) => userScopes(user).includes(scope));
    return { ...identity(user), keyId: token.id, scopes, expiresAt: Math.floor(endsAt / 1000) };
  }

  return async (authorization) => {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined)
      throw unauthorized('Sign in first: send an access token or an API key as a bearer token.');
    if (!token.startsWith(apiKeyPrefix)) return bySession(token);
    const key = parseToken(apiKeyPrefix, token, { proof: false });
    if (!key) throw unauthorized('The API key is not valid.');
    return byKey(key);
  };
}
