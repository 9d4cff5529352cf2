import { randomBytes, scrypt, timingSafeEqual, createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { writePrivateFile } from './private-file.ts';

const deriveKey = promisify(scrypt) as (
  password: string,
  salt: Uint8Array,
  length: number,
) => Promise<Buffer>;

const passwordHashSchema = z.object({ scheme: z.literal('scrypt'), salt: z.string(), hash: z.string() });
/** A password as it is kept: scrypt with Node's defaults and a salt of its own. */
export type PasswordHash = z.infer<typeof passwordHashSchema>;

const administratorSchema = z.object({ name: z.literal('admin'), password: passwordHashSchema });

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = new Uint8Array(randomBytes(16));
  const hash = await deriveKey(password, salt, 32);
  return { scheme: 'scrypt', salt: Buffer.from(salt).toString('base64'), hash: hash.toString('base64') };
}

export interface PasswordVerifier {
  verify(password: string, stored: PasswordHash): Promise<boolean>;
}

/** Verifies passwords and remembers (as digests) the right ones, since Basic credentials come with every request. */
export function createPasswordVerifier(): PasswordVerifier {
  const known = new Set<string>();
  return {
    async verify(password, stored) {
      const digest = createHash('sha256')
        .update(JSON.stringify([password, stored.salt, stored.hash]))
        .digest('base64');
      if (known.has(digest)) return true;
      const salt = new Uint8Array(Buffer.from(stored.salt, 'base64'));
      const hash = new Uint8Array(await deriveKey(password, salt, 32));
      const right = timingSafeEqual(hash, new Uint8Array(Buffer.from(stored.hash, 'base64')));
      if (right && known.size < 10_000) known.add(digest);
      return right;
    },
  };
}

function fileIn(directory: string): string {
  return join(directory, 'administrator.json');
}

/** The administrator's stored password, null before the first start. */
export async function readAdministrator(directory: string): Promise<PasswordHash | null> {
  const text = await readFile(fileIn(directory), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : administratorSchema.parse(JSON.parse(text)).password;
}

/**
 * Sees to it that the administrator `admin` exists in `<directory>/administrator.json`, readable by the owner
 * only. A given password replaces another one; without one, a new password is made at the first start and
 * returned once in `created`.
 */
export async function ensureAdministrator(
  directory: string,
  password?: string,
): Promise<{ created?: string }> {
  const stored = await readAdministrator(directory);
  if (stored && (password === undefined || (await createPasswordVerifier().verify(password, stored))))
    return {};
  const chosen = password ?? randomBytes(18).toString('base64url');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const content = JSON.stringify({ name: 'admin', password: await hashPassword(chosen) });
  await writePrivateFile(fileIn(directory), content);
  return password === undefined ? { created: chosen } : {};
}
