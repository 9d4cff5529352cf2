import { createHash } from 'node:crypto';

/** A short key for a text of any length, such as an e-mail address that need not be kept in memory. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
