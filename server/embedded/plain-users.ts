import { z } from 'zod';
import { hashPassword, type PasswordHash } from './administrator.ts';
import { badRequest, conflict, notFound } from './couch-error.ts';

const userDocumentSchema = z.looseObject({
  name: z.string().min(1).max(200),
  type: z.literal('user'),
  roles: z.array(z.string().regex(/^[^_]/)),
  password: z.string().optional(),
});

interface PlainUser {
  roles: string[];
  password: PasswordHash;
  generation: number;
}

/** Users with Basic credentials, for tests: documents of `_users`, kept in memory. */
export interface PlainUsers {
  find(name: string): { roles: string[]; password: PasswordHash } | null;
  get(id: string): object;
  put(id: string, document: unknown): Promise<{ ok: true; id: string; rev: string }>;
  remove(id: string, rev: string | undefined): { ok: true; id: string; rev: string };
}

const prefix = 'org.couchdb.user:';
const revisionOf = (user: PlainUser): string =>
  `${user.generation}-${user.password.hash.replace(/[^\w]/g, '').slice(0, 32)}`;

/** Starts with alice, whose password is alicepw. */
export async function createPlainUsers(): Promise<PlainUsers> {
  const users = new Map<string, PlainUser>();
  users.set('alice', { roles: [], password: await hashPassword('alicepw'), generation: 1 });

  function known(id: string): PlainUser {
    const user = users.get(id.slice(prefix.length));
    if (!id.startsWith(prefix) || !user) throw notFound();
    return user;
  }

  return {
    find: (name) => users.get(name) ?? null,
    get(id) {
      const user = known(id);
      const { salt, hash, scheme } = user.password;
      const name = id.slice(prefix.length);
      const credentials = { password_scheme: scheme, salt, derived_key: hash };
      return { _id: id, _rev: revisionOf(user), name, type: 'user', roles: user.roles, ...credentials };
    },
    async put(id, document) {
      const parsed = userDocumentSchema.safeParse(document);
      if (!parsed.success || id !== prefix + parsed.data.name)
        throw badRequest('This is not a user document.');
      const { name, roles, password, _rev: rev } = parsed.data;
      const before = users.get(name);
      if (before && rev !== revisionOf(before)) throw conflict();
      if (password === undefined && !before) throw badRequest('A user needs a password.');
      const hashed = password === undefined ? (before as PlainUser).password : await hashPassword(password);
      const user = { roles, password: hashed, generation: (before?.generation ?? 0) + 1 };
      users.set(name, user);
      return { ok: true, id, rev: revisionOf(user) };
    },
    remove(id, rev) {
      const user = known(id);
      if (rev !== revisionOf(user)) throw conflict();
      users.delete(id.slice(prefix.length));
      return { ok: true, id, rev };
    },
  };
}
