import { join } from 'node:path';
import type { JSONWebKeySet, JWTPayload } from 'jose';
import type { Log } from '../log.ts';
import { atMostEvery } from './at-most-every.ts';
import { verifyAccessToken } from './access-token.ts';
import { openKeyStore } from './key-store.ts';
import { publicJwk, publicPem, signCompact } from './signing-key.ts';

const longestEngineTokenSeconds = 60;

/** A public key of the engine tokens, as CouchDB wants it under `[jwt_keys] ec:<kid>`. */
export interface EnginePublicKey {
  kid: string;
  /** SubjectPublicKeyInfo with real newlines. */
  pem: string;
}

export interface EngineTokenClaims {
  /** The user's id; CouchDB's user name. */
  sub: string;
  roles: string[];
  /** Lifetime, 60 at most. */
  seconds: number;
  /** Only these keys may sign, where one of them is still held: those that the engine is known to have. */
  kids?: ReadonlySet<string>;
}

/**
 * The ES256 keys of this deployment. Access tokens (the browser's) and engine tokens (the proxy's) are signed
 * with different keys, so neither can ever pass for the other, here or in CouchDB.
 */
export interface Keyring {
  /** Signs an access token; `iss`, `aud`, `iat` and `exp` are set here. */
  signAccess(claims: JWTPayload, seconds: number): Promise<string>;
  /** The claims of a valid access token; throws SetteeError `token_expired` or `unauthorized`. */
  verifyAccess(token: string): Promise<JWTPayload>;
  /** Signs a token for CouchDB, with `_couchdb.roles` and a numeric `exp`. */
  signEngine(claims: EngineTokenClaims): Promise<string>;
  /** The same at once, for places that cannot wait. */
  signEngineNow(claims: EngineTokenClaims): string;
  /** Public keys of the access tokens, newest first, for /.well-known/jwks.json. */
  jwks(): JSONWebKeySet;
  /** Public keys of the engine tokens, newest first. */
  enginePublicKeys(): EnginePublicKey[];
  /** Engine keys that are over: to be taken out of CouchDB. */
  droppedEngineKeys(): string[];
  /** Makes new keys and signs with them from now on; the old ones verify until the longest token is over. */
  rotate(): Promise<void>;
  /** Remembers that CouchDB takes tokens of this engine key: until then the keys before it are kept. */
  acceptEngineKey(kid: string): Promise<void>;
  /** Reads the file again; another process may have rotated. */
  reload(): Promise<void>;
  /** Calls back after each change of the keys, whoever made it. Returns its unsubscribe. */
  onChange(listener: () => void): () => void;
  close(): void;
}

export interface KeyringOptions {
  /** DATA_DIR; the keys are in its `keys.json`. */
  directory: string;
  log: Log;
  /** Access tokens live no longer than this; 900 by default. */
  longestTokenSeconds?: number;
  /** How long a retired key outlives the longest token, for clocks that differ; 300 by default. */
  graceSeconds?: number;
  /** How often the file is looked at; 1000 by default. */
  watchMilliseconds?: number;
  clock?: () => Date;
}

/** Opens the keys, making them at the first start. */
export async function createKeyring(options: KeyringOptions): Promise<Keyring> {
  const { longestTokenSeconds = 900, graceSeconds = 300 } = options;
  const clock = options.clock ?? (() => new Date());
  const store = await openKeyStore({
    path: join(options.directory, 'keys.json'),
    log: options.log,
    retentionMilliseconds: (longestTokenSeconds + graceSeconds) * 1000,
    watchMilliseconds: options.watchMilliseconds ?? 1000,
    clock,
  });
  // Anybody can make up names of keys.
  const reloadForUnknown = atMostEvery(1000, () => store.reload());
  const unixSeconds = (): number => Math.floor(clock().getTime() / 1000);

  const signEngineNow = ({ sub, roles, seconds, kids }: EngineTokenClaims): string => {
    // By the machine's own clock: the engine knows no other.
    const iat = Math.floor(Date.now() / 1000);
    const exp = iat + Math.min(seconds, longestEngineTokenSeconds);
    return signCompact(store.signer('engine', kids), {
      iss: 'settee-proxy',
      sub,
      iat,
      exp,
      '_couchdb.roles': roles,
    });
  };
  return {
    async signAccess(claims, seconds) {
      if (seconds > longestTokenSeconds)
        throw new RangeError(`An access token lives ${longestTokenSeconds} s at most.`);
      const iat = unixSeconds();
      return signCompact(store.signer('access'), {
        ...claims,
        iss: 'settee',
        aud: 'settee',
        iat,
        exp: iat + seconds,
      });
    },
    verifyAccess: (token) =>
      verifyAccessToken(token, { keys: () => store.keys('access'), reload: reloadForUnknown, clock }),
    signEngine: async (claims) => signEngineNow(claims),
    signEngineNow,
    jwks: () => ({ keys: store.keys('access').map(publicJwk) }),
    enginePublicKeys: () => store.keys('engine').map((key) => ({ kid: key.kid, pem: publicPem(key) })),
    droppedEngineKeys: () => store.dropped(),
    rotate: () => store.rotate(),
    acceptEngineKey: (kid) => store.accept(kid),
    reload: () => store.reload(),
    onChange: (listener) => store.onChange(listener),
    close: () => store.close(),
  };
}
