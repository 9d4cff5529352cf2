import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { z } from 'zod';

const privateJwkSchema = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  d: z.string(),
});

const storedKeySchema = z.object({
  kid: z.string().regex(/^[a-z][a-z0-9-]*$/),
  use: z.enum(['access', 'engine']),
  createdAt: z.iso.datetime(),
  /** When a newer key took over. */
  retiredAt: z.iso.datetime().optional(),
  /** Engine keys: when CouchDB first took a token of it. */
  acceptedAt: z.iso.datetime().optional(),
  privateKey: privateJwkSchema,
});

/** What the key file holds. */
export const keyFileSchema = z.object({
  version: z.literal(1),
  keys: z.array(storedKeySchema),
  /** Engine keys that are over, so that every process can take them out of CouchDB. */
  dropped: z.array(z.string()),
});

export type StoredKey = z.infer<typeof storedKeySchema>;
export type KeyFileContent = z.infer<typeof keyFileSchema>;

/** A stored key, ready for use. */
export interface SigningKey {
  kid: string;
  use: StoredKey['use'];
  createdAt: number;
  retiredAt?: number;
  acceptedAt?: number;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** Makes a P-256 key. Its kid starts with a letter: CouchDB answers a numeric kid with 500. */
export function makeStoredKey(use: StoredKey['use'], now: Date): StoredKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    kid: `settee-${use}-${randomBytes(8).toString('hex')}`,
    use,
    createdAt: now.toISOString(),
    privateKey: privateJwkSchema.parse(privateKey.export({ format: 'jwk' })),
  };
}

/** Throws where the stored key is not a private P-256 key. */
export function openStoredKey(stored: StoredKey): SigningKey {
  const privateKey = createPrivateKey({ key: stored.privateKey, format: 'jwk' });
  return {
    kid: stored.kid,
    use: stored.use,
    createdAt: Date.parse(stored.createdAt),
    ...(stored.retiredAt === undefined ? {} : { retiredAt: Date.parse(stored.retiredAt) }),
    ...(stored.acceptedAt === undefined ? {} : { acceptedAt: Date.parse(stored.acceptedAt) }),
    privateKey,
    publicKey: createPublicKey(privateKey),
  };
}

/** The public half with what a verifier needs to choose it (RFC 7517). */
export function publicJwk(key: SigningKey): JWK {
  return { ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, alg: 'ES256', use: 'sig' };
}

export function publicPem(key: SigningKey): string {
  return key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A compact JWS with ES256 (RFC 7515, RFC 7518 3.4), made without waiting. */
export function signCompact(key: SigningKey, payload: object): string {
  const input = `${segment({ alg: 'ES256', typ: 'JWT', kid: key.kid })}.${segment(payload)}`;
  const signature = sign('sha256', new TextEncoder().encode(input), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${input}.${signature.toString('base64url')}`;
}
