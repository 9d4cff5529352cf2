import { beforeAll, describe, expect, it } from 'vitest';
import { createAccountStore, type AccountStore } from '../../../server/auth/account-store.ts';
import { hashEmail, type AccountDocument } from '../../../server/auth/account-documents.ts';
import { createAuth } from '../../../server/auth/create-auth.ts';
import { createLog } from '../../../server/log.ts';
import type { RunningServer } from '../../../server/start-server.ts';
import { outcome, rest } from '../../support/rest-client.ts';
import type { TestAccount } from '../../support/settee.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();
let other: RunningServer;
let store: AccountStore;

beforeAll(async () => {
  other = await settee.startAnother();
  const { couch } = settee.services;
  const database = couch.admin<AccountDocument>(`${couch.prefix}settee-accounts`);
  store = createAccountStore({ database, onWrite: () => {} });
});
async function beginRemoval({ user, email }: TestAccount): Promise<void> {
  await store.create({
    _id: `removal:${user.id}`,
    type: 'removal',
    userId: user.id,
    emailHash: hashEmail(email),
    requestedAt: new Date().toISOString(),
  });
}

const login = ({ email, password }: TestAccount) =>
  rest(settee.url, 'POST /api/auth/login', { body: { email, password } });

describe('an account whose removal was cut short', () => {
  it('is removed at the next start', async () => {
    const account = await settee.register();
    const { auth } = settee.services;
    await beginRemoval(account);
    await auth.finishRemovals();
    await expect(auth.authenticate(`Bearer ${account.accessToken}`)).rejects.toMatchObject({
      code: 'session_ended',
    });
    expect((await settee.register(account.email)).user.id).not.toBe(account.user.id);
    expect(await store.range('removal:')).toEqual([]);
  });

  it('lets nobody in, and leaves no session of the try', async () => {
    const account = await settee.register();
    expect((await login(account)).status).toBe(200);
    const before = (await store.range(`session:${account.user.id}:`)).length;
    await beginRemoval(account);
    expect(outcome(await login(account))).toBe('401 invalid_credentials');
    expect(await store.range(`session:${account.user.id}:`)).toHaveLength(before);
    await settee.services.auth.finishRemovals();
  });

  it('is removed by two processes at once', async () => {
    for (let round = 0; round < 4; round += 1) {
      const accounts = await Promise.all([settee.register(), settee.register()]);
      await Promise.all(accounts.map(beginRemoval));
      const lines: string[] = [];
      const log = createLog({ level: 'warn', destination: { write: (line) => void lines.push(line) } });
      const { couch, keyring, spaces } = other.services;
      const rules = { accessTokenSeconds: 900, refreshTokenSeconds: 900, refreshGraceSeconds: 60 };
      const third = await createAuth({ couch, keyring, log, rules, spaces });
      await Promise.all([settee.services.auth.finishRemovals(), third.finishRemovals()]);
      await third.close();
      expect(lines).toEqual([]);
      expect(await store.range('removal:')).toEqual([]);
      for (const { user } of accounts) expect(await store.get(`user:${user.id}`)).toBeNull();
    }
  });

  it('does not keep others from being removed', async () => {
    const [stuck, free] = await Promise.all([settee.register(), settee.register()]);
    await Promise.all([stuck, free].map(beginRemoval));
    const { couch, keyring, spaces } = settee.services;
    const auth = await createAuth({
      couch,
      keyring,
      log: createLog({ level: 'silent' }),
      rules: { accessTokenSeconds: 900, refreshTokenSeconds: 900, refreshGraceSeconds: 60 },
      spaces: {
        ...spaces,
        removeUser: (id) =>
          id === stuck.user.id ? Promise.reject(new Error('The engine went away.')) : spaces.removeUser(id),
      },
    });
    await auth.finishRemovals();
    await auth.close();
    expect(await store.get(`user:${free.user.id}`)).toBeNull();
    expect(await store.get(`user:${stuck.user.id}`)).not.toBeNull();
    await settee.services.auth.finishRemovals();
    expect(await store.get(`user:${stuck.user.id}`)).toBeNull();
  });
});

describe('removing an account', () => {
  it('twice at once, by two processes, is no error', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { accessToken: token } = await settee.register();
      const answers = await Promise.all(
        [settee.url, other.url].map((url) => rest(url, 'DELETE /api/auth/me', { token, body: {} })),
      );
      // The later one may find its session ended.
      for (const answer of answers) expect(['204', '401 session_ended']).toContain(outcome(answer));
      expect(answers.map(({ status }) => status)).toContain(204);
    }
    expect(await store.range('removal:')).toEqual([]);
  });
});
