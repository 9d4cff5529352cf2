import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeProtectedHeader, importSPKI, jwtVerify, errors } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { badRequest, notFound, unauthorized } from './couch-error.ts';
import { createMutex } from './mutex.ts';
import { writePrivateFile } from './private-file.ts';
import type { UserContext } from './user-context.ts';

/** CouchDB's `[jwt_keys]` section: public keys by `<type>:<kid>`, PEM with `\n` written as two characters. */
export interface SigningKeys {
  all(): Record<string, string>;
  get(name: string): string;
  /** Sets a key and returns the one before it, as CouchDB's configuration does. */
  set(name: string, pem: string): Promise<string>;
  remove(name: string): Promise<string>;
  /** The user of a token; throws 400 or 401 with CouchDB's reasons (jwtf.erl). */
  verify(token: string): Promise<UserContext>;
}

const keysSchema = z.record(z.string(), z.string());
const claimsSchema = z.object({
  sub: z.string().optional(),
  exp: z.number(),
  '_couchdb.roles': z.array(z.string()).optional(),
});

async function publicKey(pem: string): Promise<CryptoKey> {
  try {
    return await importSPKI(pem.replaceAll('\\n', '\n'), 'ES256');
  } catch {
    throw badRequest('The key is not a PEM of an ES256 public key.');
  }
}

function reasonOf(error: unknown): Error {
  if (error instanceof errors.JWTExpired) return unauthorized('exp not in future');
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf')
    return unauthorized('nbf not in past');
  if (error instanceof errors.JWTClaimValidationFailed) return badRequest(`Invalid ${error.claim} claim`);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return badRequest('Bad signature in authentication token');
  return badRequest('Malformed authentication token');
}

/** Keeps the keys in `<directory>/jwt-keys.json`; null keeps them in memory. */
export async function createSigningKeys(options: { directory: string | null }): Promise<SigningKeys> {
  const file = options.directory === null ? null : join(options.directory, 'jwt-keys.json');
  const stored = file === null ? null : await readFile(file, 'utf8').catch(() => null);
  const keys = new Map(Object.entries(stored === null ? {} : keysSchema.parse(JSON.parse(stored))));
  const imported = new Map<string, CryptoKey>();
  // Or the file of an older set of keys could come last.
  const saving = createMutex();
  // The proxy sends the same token for a minute, and a signature costs about a millisecond to verify.
  const verified = new LRUCache<string, { user: UserContext; expiresAt: number }>({ max: 1000 });

  async function save(): Promise<void> {
    if (file === null) return;
    await saving.run(() => writePrivateFile(file, JSON.stringify(Object.fromEntries(keys))));
  }

  async function keyFor(token: string): Promise<CryptoKey> {
    const header = (() => {
      try {
        return decodeProtectedHeader(token);
      } catch {
        throw badRequest('Malformed authentication token');
      }
    })();
    if (header.typ !== undefined && header.typ !== 'JWT') throw badRequest('Invalid typ header parameter');
    if (header.alg !== 'ES256') throw badRequest('Invalid alg header parameter');
    const name = `ec:${typeof header.kid === 'string' ? header.kid : '_default'}`;
    const pem = keys.get(name);
    if (pem === undefined) throw badRequest('Unknown kid');
    const key = imported.get(name) ?? (await publicKey(pem));
    imported.set(name, key);
    return key;
  }

  return {
    all: () => Object.fromEntries(keys),
    get(name) {
      const pem = keys.get(name);
      if (pem === undefined) throw notFound('unknown_config_value');
      return pem;
    },
    async set(name, pem) {
      if (!/^ec:[\w.-]{1,100}$/.test(name)) throw badRequest('Only ec:<kid> keys are supported.');
      if (pem.includes('\n')) throw badRequest('Write line ends of the key as \\n.');
      const before = keys.get(name) ?? '';
      imported.set(name, await publicKey(pem));
      keys.set(name, pem);
      verified.clear();
      await save();
      return before;
    },
    async remove(name) {
      const before = keys.get(name);
      if (before === undefined) throw notFound('unknown_config_value');
      keys.delete(name);
      imported.delete(name);
      verified.clear();
      await save();
      return before;
    },
    async verify(token) {
      const known = verified.get(token);
      if (known && known.expiresAt > Date.now()) return known.user;
      const key = await keyFor(token);
      const { payload } = await jwtVerify(token, key, { algorithms: ['ES256'], clockTolerance: 0 }).catch(
        (error: unknown) => {
          throw reasonOf(error);
        },
      );
      const claims = claimsSchema.safeParse(payload);
      if (!claims.success) throw badRequest('Missing or invalid claims');
      const user = { name: claims.data.sub ?? null, roles: claims.data['_couchdb.roles'] ?? [] };
      verified.set(token, { user, expiresAt: claims.data.exp * 1000 });
      return user;
    },
  };
}
