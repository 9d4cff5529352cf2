import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { PasswordHash, PasswordVerifier } from './administrator.ts';
import { badRequest, unauthorized } from './couch-error.ts';
import type { PlainUsers } from './plain-users.ts';
import type { Sessions } from './sessions.ts';
import type { SigningKeys } from './signing-keys.ts';
import { anonymous, type UserContext } from './user-context.ts';

/** Who a request comes from, and by which of CouchDB's handlers that was found. */
export interface SignedIn {
  user: UserContext;
  authenticated?: 'default' | 'cookie' | 'jwt';
}

export interface Credentials {
  /** Throws 401 for wrong credentials, 400 or 401 for a bad token; none at all means anonymous. */
  of(request: IncomingMessage): Promise<SignedIn>;
  /** Checks a name and a password; throws 401. */
  signIn(name: string, password: string): Promise<UserContext>;
  /** The credentials of this process's own administrator. */
  readonly service: { name: string; password: string };
}

const digest = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

export function createCredentials(options: {
  administrator: PasswordHash;
  verifier: PasswordVerifier;
  sessions: Sessions;
  keys: SigningKeys;
  plainUsers: PlainUsers | null;
}): Credentials {
  const service = { name: 'settee-service', password: randomBytes(32).toString('hex') };
  const wrong = (): Error => unauthorized('Name or password is incorrect.');

  function accountOf(name: string): { password: PasswordHash; roles: string[] } | null {
    if (name === 'admin') return { password: options.administrator, roles: ['_admin'] };
    return options.plainUsers?.find(name) ?? null;
  }

  async function signIn(name: string, password: string): Promise<UserContext> {
    if (name === service.name) {
      if (!timingSafeEqual(digest(password), digest(service.password))) throw wrong();
      return { name, roles: ['_admin'] };
    }
    const account = accountOf(name);
    const right = await options.verifier.verify(password, account?.password ?? options.administrator);
    if (!account || !right) throw wrong();
    return { name, roles: account.roles };
  }

  async function fromHeader(header: string): Promise<SignedIn | null> {
    const [scheme, value = ''] = header.split(' ');
    if (scheme === 'Bearer') return { user: await options.keys.verify(value), authenticated: 'jwt' };
    if (scheme !== 'Basic') return null;
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 1) throw badRequest('The Basic credentials hold no name and password.');
    return { user: await signIn(text.slice(0, colon), text.slice(colon + 1)), authenticated: 'default' };
  }

  return {
    service,
    signIn,
    async of(request) {
      const signedIn = await fromHeader(request.headers.authorization ?? '');
      if (signedIn) return signedIn;
      const name = options.sessions.nameIn(request.headers.cookie);
      const account = name === null ? null : accountOf(name);
      if (!account) return { user: anonymous };
      return { user: { name, roles: account.roles }, authenticated: 'cookie' };
    },
  };
}
