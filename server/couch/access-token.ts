import { errors, jwtVerify, type JWTPayload } from 'jose';
import { SetteeError } from '../errors.ts';
import type { SigningKey } from './signing-key.ts';

export interface AccessTokenKeys {
  keys(): SigningKey[];
  /** Another process may have made the key that is not known here. */
  reload(): Promise<void>;
  clock(): Date;
}

async function findKey(kid: string | undefined, source: AccessTokenKeys): Promise<SigningKey> {
  const find = (): SigningKey | undefined => source.keys().find((key) => key.kid === kid);
  const known = find();
  if (known) return known;
  // Only a name that could be ours is worth reading the file for.
  if (kid?.startsWith('settee-access-') === true) await source.reload();
  const found = find();
  if (!found) throw new errors.JWKSNoMatchingKey();
  return found;
}

/** The claims of an access token of this deployment; throws SetteeError `token_expired` or `unauthorized`. */
export async function verifyAccessToken(token: string, source: AccessTokenKeys): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, async ({ kid }) => (await findKey(kid, source)).publicKey, {
      algorithms: ['ES256'],
      typ: 'JWT',
      issuer: 'settee',
      audience: 'settee',
      requiredClaims: ['sub', 'exp', 'iat'],
      currentDate: source.clock(),
    });
    return payload;
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) {
      throw new SetteeError('token_expired', 'The access token has expired.', { cause });
    }
    if (!(cause instanceof errors.JOSEError)) throw cause;
    throw new SetteeError('unauthorized', 'The access token is not valid.', { cause });
  }
}
