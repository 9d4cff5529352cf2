import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAccountStore } from '../../../server/auth/account-store.ts';
import { hashEmail, type AccountDocument, type EmailClaim } from '../../../server/auth/account-documents.ts';
import { createPasswords } from '../../../server/auth/passwords.ts';
import { createRegistration, type Registration } from '../../../server/auth/registration.ts';
import { useSettee } from '../../support/use-settee.ts';
import type { AccountStore } from '../../../server/auth/account-store.ts';

const settee = useSettee();
let store: AccountStore;
let now = Date.parse('2026-05-01T12:00:00Z');

beforeAll(async () => {
  const { couch } = settee.services;
  const database = couch.admin<AccountDocument>(`${couch.prefix}settee-accounts`);
  store = createAccountStore({ database, onWrite: () => {} });
});
async function registration(createSpace: () => Promise<unknown> = async () => {}): Promise<Registration> {
  const passwords = await createPasswords({ memoryCost: 8, timeCost: 1 });
  return createRegistration({ store, passwords, createSpace, clock: () => new Date(now) });
}

function account(): { email: string; password: string } {
  return { email: `${randomUUID()}@example.org`, password: 'correct horse' };
}

async function claimOf(email: string): Promise<EmailClaim | null> {
  return store.get<EmailClaim>(`email:${hashEmail(email)}`);
}

async function orphanedClaim(email: string): Promise<void> {
  const claimedAt = new Date(now).toISOString();
  const _id = `email:${hashEmail(email)}`;
  await store.create({ _id, type: 'email', userId: randomUUID(), state: 'pending', claimedAt });
}

describe('a crash while an account is made', () => {
  it('after the claim leaves the address to others, but not before a minute has passed', async () => {
    const accounts = await registration();
    const wanted = account();
    await orphanedClaim(wanted.email);
    now += 59_000;
    await expect(accounts.register(wanted, ['user'])).rejects.toMatchObject({ code: 'email_taken' });
    now += 2000;
    const user = await accounts.register(wanted, ['user']);
    expect(await claimOf(wanted.email)).toMatchObject({ userId: user._id.slice(5), state: 'confirmed' });
  });

  it('after the user is finished by the first sign-in', async () => {
    const wanted = account();
    const broken = await registration(() => Promise.reject(new Error('The engine went away.')));
    await expect(broken.register(wanted, ['user'])).rejects.toThrow('went away');
    now += 3_600_000;
    const spaces: string[] = [];
    const mended = await registration(async () => spaces.push('made'));
    await expect(mended.register(wanted, ['user'])).rejects.toMatchObject({ code: 'email_taken' });
    expect(await mended.find(wanted.email)).toMatchObject({ email: wanted.email });
    expect(spaces).toEqual(['made']);
    expect(await claimOf(wanted.email)).toMatchObject({ state: 'confirmed' });
    await mended.find(wanted.email);
    expect(spaces).toEqual(['made']);
  });

  it('lets one of many take an orphaned claim over', async () => {
    const accounts = await registration();
    const wanted = account();
    await orphanedClaim(wanted.email);
    now += 61_000;
    const tries = await Promise.allSettled(
      Array.from({ length: 6 }, () => accounts.register(wanted, ['user'])),
    );
    const winners = tries.flatMap((tried) => (tried.status === 'fulfilled' ? [tried.value] : []));
    expect(winners).toHaveLength(1);
    expect(await accounts.find(wanted.email)).toMatchObject({ _id: winners[0]?._id });
  });

  it('makes who was too slow give way, without leaving an account behind', async () => {
    const wanted = account();
    const quick = await registration();
    const slow = await registration(async () => {
      // While this one sleeps, its claim grows old and its user is not yet seen.
      const claim = await claimOf(wanted.email);
      await store.replace({ ...(claim as EmailClaim), userId: 'somebody-quicker', state: 'confirmed' });
    });
    await expect(slow.register(wanted, ['user'])).rejects.toMatchObject({ code: 'email_taken' });
    const users = await store.range('user:');
    expect(users.filter((user) => 'email' in user && user.email === wanted.email)).toEqual([]);
    expect(await quick.find(wanted.email)).toBeNull();
  });
});
