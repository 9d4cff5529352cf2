import { afterAll, beforeAll, expect, it } from 'vitest';
import { createAuth } from '../../../server/auth/create-auth.ts';
import type { Auth } from '../../../server/auth/auth.ts';
import { createLog } from '../../../server/log.ts';
import { startSettee, type TestSettee } from '../../support/settee.ts';

let settee: TestSettee;
let auth: Auth;
/** Runs once, when a sign-in has its session but not yet its answer. */
let meanwhile: () => Promise<void> = async () => {};

beforeAll(async () => {
  settee = await startSettee();
  const { couch, keyring, spaces } = settee.services;
  auth = await createAuth({
    couch,
    spaces,
    log: createLog({ level: 'silent' }),
    rules: { accessTokenSeconds: 900, refreshTokenSeconds: 900, refreshGraceSeconds: 60 },
    keyring: {
      ...keyring,
      async signAccess(claims, seconds) {
        await meanwhile();
        return keyring.signAccess(claims, seconds);
      },
    },
  });
});
afterAll(async () => {
  await auth.close();
  await settee.stop();
});

it('a sign-in with a password that is changed meanwhile leaves no session', async () => {
  const { accessToken, email, password } = await settee.register();
  const principal = await auth.authenticate(`Bearer ${accessToken}`);
  meanwhile = () =>
    settee.services.auth.changePassword(principal, { currentPassword: password, newPassword: 'another one' });
  const { userId } = principal;
  await expect(auth.login({ email, password }, {})).rejects.toMatchObject({ code: 'invalid_credentials' });
  meanwhile = async () => {};
  expect(await auth.sessions(userId)).toHaveLength(1);
  await expect(auth.login({ email, password: 'another one' }, {})).resolves.toBeDefined();
});

it('a sign-in to an account that is removed meanwhile leaves nothing', async () => {
  const { accessToken, email, password } = await settee.register();
  const principal = await auth.authenticate(`Bearer ${accessToken}`);
  meanwhile = () => settee.services.auth.deleteAccount(principal, password);
  await expect(auth.login({ email, password }, {})).rejects.toMatchObject({ code: 'invalid_credentials' });
  meanwhile = async () => {};
  expect(await auth.sessions(principal.userId)).toEqual([]);
});
