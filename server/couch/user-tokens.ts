import { LRUCache } from 'lru-cache';
import { atMost } from '../at-most.ts';
import type { EnginePrincipal } from './couch.ts';
import type { Keyring } from './keyring.ts';

const lifeSeconds = 60;
/** A token is checked when a request starts: one with this much left serves any request. */
const spareSeconds = 20;

/** Engine tokens by user and roles, each used for 40 s of its 60. */
export function createUserTokens(options: {
  keyring: Keyring;
  trusted: ReadonlySet<string>;
}): (principal: EnginePrincipal) => string {
  const tokens = new LRUCache<string, string>({
    ...atMost(10_000),
    ttl: (lifeSeconds - spareSeconds) * 1000,
  });
  return ({ userId, roles }) => {
    const name = JSON.stringify([userId, ...roles]);
    const cached = tokens.get(name);
    if (cached !== undefined) return cached;
    if (roles.includes('_admin')) throw new Error("A user's token never makes an administrator.");
    const { keyring, trusted } = options;
    const token = keyring.signEngineNow({ sub: userId, roles, seconds: lifeSeconds, kids: trusted });
    tokens.set(name, token);
    return token;
  };
}
