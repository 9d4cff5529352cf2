import { SetteeError } from '../errors.ts';
import type { UserDocument } from './account-documents.ts';
import type { Passwords } from './passwords.ts';
import type { Registration } from './registration.ts';

/** `pending`: somebody is registering the address, or died over it a minute ago at most. */
export type AdministratorOutcome = 'created' | 'granted' | 'exists' | 'refused' | 'pending';

export interface FirstAdministratorOptions {
  registration: Registration;
  passwords: Passwords;
  grant: (user: UserDocument) => Promise<unknown>;
}

/** Makes the first administrator, or makes the owner of that address and password one. */
export async function ensureAdministrator(
  { registration, passwords, grant }: FirstAdministratorOptions,
  account: { email: string; password: string },
): Promise<AdministratorOutcome> {
  const found = await registration.find(account.email);
  if (!found) {
    try {
      await registration.register(account, ['user', 'admin']);
      return 'created';
    } catch (error) {
      if (!(error instanceof SetteeError && error.code === 'email_taken')) throw error;
    }
  }
  // Somebody was quicker: most likely another process that starts at the same time.
  const user = found ?? (await registration.find(account.email));
  if (!user) return 'pending';
  if (user.roles.includes('admin')) return 'exists';
  // Whoever registered the address first need not be its owner: the password decides.
  if (!(await passwords.verify(user.passwordHash, account.password))) return 'refused';
  await grant(user);
  return 'granted';
}
