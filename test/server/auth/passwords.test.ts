import { describe, expect, it } from 'vitest';
import { createPasswords } from '../../../server/auth/passwords.ts';

describe('passwords', () => {
  it('are hashed with argon2id at the recommended cost, each with a salt of its own', async () => {
    const passwords = await createPasswords();
    const [first, second] = [await passwords.hash('a password'), await passwords.hash('a password')];
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(first).not.toBe(second);
    expect(await passwords.verify(first, 'a password')).toBe(true);
    expect(await passwords.verify(first, 'another password')).toBe(false);
  });

  it('of nobody are never right, not even the one that is compared with', async () => {
    const passwords = await createPasswords({ memoryCost: 8, timeCost: 1 });
    expect(await passwords.verify(null, 'the password of nobody')).toBe(false);
    expect(await passwords.verify(null, 'x')).toBe(false);
  });
});
