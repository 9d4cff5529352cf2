import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What an opaque token says to those who made it; all bytes in hex. */
export interface OpaqueToken {
  userId: string;
  /** The session's or the key's id. */
  id: string;
  /** 256 bits. */
  secret: string;
  /** Refresh tokens only, else empty: proves that the family issued it. */
  proof: string;
}

const uuidDigits = 32;
const secretDigits = 64;
const proofDigits = 32;

function uuidFromHex(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Writes a token: a prefix and base64url of user, id, secret and proof. */
export function formatToken(prefix: string, token: OpaqueToken): string {
  const digits = (token.userId + token.id).replaceAll('-', '') + token.secret + token.proof;
  return prefix + Buffer.from(digits, 'hex').toString('base64url');
}

/** Reads a token back; null for anything that could not have been made here. */
export function parseToken(prefix: string, text: string, options: { proof: boolean }): OpaqueToken | null {
  if (!text.startsWith(prefix)) return null;
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url');
  // Base64 leaves spare bits in the last character; only one spelling of a token is the token.
  if (prefix + bytes.toString('base64url') !== text) return null;
  const digits = bytes.toString('hex');
  const secretAt = 2 * uuidDigits;
  const proofAt = secretAt + secretDigits;
  if (digits.length !== proofAt + (options.proof ? proofDigits : 0)) return null;
  return {
    userId: uuidFromHex(digits.slice(0, uuidDigits)),
    id: uuidFromHex(digits.slice(uuidDigits, secretAt)),
    secret: digits.slice(secretAt, proofAt),
    proof: digits.slice(proofAt),
  };
}

function isSame(a: string, b: string): boolean {
  const encoder = new TextEncoder();
  return a.length === b.length && timingSafeEqual(encoder.encode(a), encoder.encode(b));
}

/** What is stored of a secret. 256 random bits need no slow hash. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret, 'hex').digest('hex');
}

/** Compares without telling by its time where the two differ. */
export function isSecretOf(hash: string, secret: string): boolean {
  return isSame(hash, hashSecret(secret));
}

/** HMAC-SHA256 of a secret. */
function hmac(key: string, secret: string): string {
  return createHmac('sha256', key).update(secret, 'hex').digest('hex');
}

/** The mark that a family puts on each of its tokens. */
export function proofOf(familyKey: string, secret: string): string {
  return hmac(familyKey, secret).slice(0, proofDigits);
}

/** True where the family issued this token at some time. */
export function hasProof(familyKey: string, token: OpaqueToken): boolean {
  return isSame(proofOf(familyKey, token.secret), token.proof);
}

/** The secret that follows another one: whoever repeats a rotation gets the same successor. */
export function successorSecret(salt: string, secret: string): string {
  return hmac(salt, secret);
}

/** 256 random bits in hex. */
export function randomSecret(): string {
  return randomBytes(secretDigits / 2).toString('hex');
}
