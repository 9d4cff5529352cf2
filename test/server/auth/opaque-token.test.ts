import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  formatToken,
  hashSecret,
  isSecretOf,
  parseToken,
  randomSecret,
} from '../../../server/auth/opaque-token.ts';

const token = { userId: randomUUID(), id: randomUUID(), secret: randomSecret(), proof: 'ab'.repeat(16) };

describe('opaque tokens', () => {
  it('come back as they were written', () => {
    const text = formatToken('srt_', token);
    expect(text).toMatch(/^srt_[\w-]+$/);
    expect(parseToken('srt_', text, { proof: true })).toEqual(token);
    const key = { ...token, proof: '' };
    expect(parseToken('stk_', formatToken('stk_', key), { proof: false })).toEqual(key);
  });

  it('have one spelling: whatever character is altered, it is another token or none', () => {
    const text = formatToken('srt_', token);
    for (let at = 0; at < text.length; at += 1) {
      const altered = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      expect(parseToken('srt_', altered, { proof: true })).not.toEqual(token);
    }
  });

  it('are refused where they are too short, too long, of another kind or not base64url', () => {
    const text = formatToken('srt_', token);
    for (const bad of [
      '',
      'srt_',
      text.slice(0, -1),
      `${text}A`,
      `${text}=`,
      text.replace('srt_', 'stk_'),
      `${text} `,
    ]) {
      expect(parseToken('srt_', bad, { proof: true })).toBeNull();
    }
    expect(parseToken('srt_', text, { proof: false })).toBeNull();
  });

  it('are stored as a hash that only their secret fits', () => {
    expect(isSecretOf(hashSecret(token.secret), token.secret)).toBe(true);
    expect(isSecretOf(hashSecret(token.secret), randomSecret())).toBe(false);
    expect(hashSecret(token.secret)).not.toContain(token.secret);
  });
});
