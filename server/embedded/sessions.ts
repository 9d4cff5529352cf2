import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** CouchDB's cookie sessions: `AuthSession` holds the name and an end, signed with a secret of this process. */
export interface Sessions {
  /** The `Set-Cookie` value that signs in; name null signs out. */
  cookieFor(name: string | null): string;
  /** The name in a request's `Cookie` header, null without a valid session. */
  nameIn(cookies: string | undefined): string | null;
}

const seconds = 3600;
const attributes = 'Version=1; Path=/; HttpOnly; SameSite=Strict';

export function createSessions(options: { now?: () => number } = {}): Sessions {
  const now = options.now ?? Date.now;
  const secret = new Uint8Array(randomBytes(32));
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');

  function read(value: string): string | null {
    const [name, end, signature] = value.split('.');
    if (name === undefined || end === undefined || signature === undefined) return null;
    const expected = new TextEncoder().encode(sign(`${name}.${end}`));
    const given = new TextEncoder().encode(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return null;
    return Number(end) > now() ? Buffer.from(name, 'base64url').toString('utf8') : null;
  }

  return {
    cookieFor(name) {
      if (name === null) return `AuthSession=; ${attributes}; Max-Age=0`;
      const content = `${Buffer.from(name).toString('base64url')}.${now() + seconds * 1000}`;
      return `AuthSession=${content}.${sign(content)}; ${attributes}; Max-Age=${seconds}`;
    },
    nameIn(cookies) {
      const cookie = /(?:^|;\s*)AuthSession=([^;]*)/.exec(cookies ?? '');
      return cookie?.[1] ? read(cookie[1]) : null;
    },
  };
}
