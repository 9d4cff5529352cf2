import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashEmail, type EmailClaim } from '../../../server/auth/account-documents.ts';
import { eventually, outcome, rest } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();

const me = (token: string) => rest(settee.url, 'GET /api/auth/me', { token });
const login = (email: string, password: string) =>
  rest(settee.url, 'POST /api/auth/login', { body: { email, password } });

describe('registering', () => {
  it('makes an account with tokens and a personal space', async () => {
    const body = { email: ' New.Person@Example.org ', password: 'correct horse', name: 'New Person' };
    const answer = await rest(settee.url, 'POST /api/auth/register', { body });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      user: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        email: 'New.Person@Example.org',
        name: 'New Person',
        roles: ['user'],
        createdAt: expect.any(String),
      },
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^srt_/),
      expiresIn: 900,
    });
    const { body: mine } = await me(answer.body.accessToken);
    expect(mine).toEqual({ user: answer.body.user });
    const { body: spaces } = await rest(settee.url, 'GET /api/spaces', { token: answer.body.accessToken });
    expect(spaces.spaces[0]).toMatchObject({ id: answer.body.user.id, kind: 'personal', role: 'owner' });
  });

  it('refuses an address that has an account, however it is spelled', async () => {
    const { email } = await settee.register();
    const body = { email: ` ${email.toUpperCase()}`, password: 'correct horse' };
    expect(outcome(await rest(settee.url, 'POST /api/auth/register', { body }))).toBe('409 email_taken');
  });

  it('lets one of many who want the same address at once have it', async () => {
    const body = { email: 'wanted@example.org', password: 'correct horse' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => rest(settee.url, 'POST /api/auth/register', { body })),
    );
    const outcomes = answers.map(outcome).toSorted();
    expect(outcomes).toEqual(['201', ...Array.from({ length: 7 }, () => '409 email_taken')]);
    expect((await login(body.email, body.password)).status).toBe(200);
  });

  it('says which field is wrong', async () => {
    const answer = await rest(settee.url, 'POST /api/auth/register', {
      body: { email: 'x', password: 'short' },
    });
    expect(outcome(answer)).toBe('400 invalid_body');
    expect(answer.body.details.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(['email', 'password']),
    );
  });
});

describe('signing in', () => {
  it('works with any spelling of the address, and answers a wrong password like an unknown address', async () => {
    const { email, password, user } = await settee.register();
    const answer = await login(email.toUpperCase(), password);
    expect(answer.status).toBe(200);
    expect(answer.body.user).toEqual(user);
    const wrong = await login(email, 'wrong password');
    const unknown = await login('nobody@example.org', 'wrong password');
    expect(outcome(wrong)).toBe('401 invalid_credentials');
    expect(unknown.body).toEqual(wrong.body);
  });
});

describe('signing out', () => {
  it('ends this session only, for access token and refresh token', async () => {
    const { email, password, accessToken, refreshToken } = await settee.register();
    const other = (await login(email, password)).body;
    expect((await rest(settee.url, 'POST /api/auth/logout', { token: accessToken })).status).toBe(204);
    expect(outcome(await me(accessToken))).toBe('401 session_ended');
    const refreshed = await rest(settee.url, 'POST /api/auth/refresh', { body: { refreshToken } });
    expect(outcome(refreshed)).toBe('401 session_ended');
    expect((await me(other.accessToken)).status).toBe(200);
  });

  it('ends all sessions when asked', async () => {
    const { email, password, accessToken } = await settee.register();
    const other = (await login(email, password)).body;
    await rest(settee.url, 'POST /api/auth/logout', { token: accessToken, body: { all: true } });
    expect(outcome(await me(accessToken))).toBe('401 session_ended');
    expect(outcome(await me(other.accessToken))).toBe('401 session_ended');
  });

  it('works with the refresh token alone, and not with a made-up one', async () => {
    const { accessToken, refreshToken } = await settee.register();
    const madeUp = refreshToken.slice(0, -8) + 'AAAAAAAA';
    expect((await rest(settee.url, 'POST /api/auth/logout', { body: { refreshToken: madeUp } })).status).toBe(
      204,
    );
    expect((await me(accessToken)).status).toBe(200);
    expect((await rest(settee.url, 'POST /api/auth/logout', { body: { refreshToken } })).status).toBe(204);
    expect(outcome(await me(accessToken))).toBe('401 session_ended');
  });

  it('needs some token', async () => {
    expect(outcome(await rest(settee.url, 'POST /api/auth/logout'))).toBe('401 unauthorized');
  });

  it('tells listeners once', async () => {
    const { accessToken } = await settee.register();
    const ended: string[] = [];
    const stop = settee.services.auth.onSessionEnd((id) => ended.push(id));
    const { sessionId } = await settee.services.auth.authenticate(`Bearer ${accessToken}`);
    await rest(settee.url, 'POST /api/auth/logout', { token: accessToken });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ended).toEqual([sessionId]);
    stop();
  });
});

describe('the account', () => {
  it('changes its name, and takes it away', async () => {
    const { accessToken: token } = await settee.register();
    const named = await rest(settee.url, 'PATCH /api/auth/me', { token, body: { name: 'Somebody' } });
    expect(named.body.user.name).toBe('Somebody');
    const unnamed = await rest(settee.url, 'PATCH /api/auth/me', { token, body: { name: null } });
    expect(unnamed.body.user).not.toHaveProperty('name');
  });

  it('changes its address with the password, and gives the old one back', async () => {
    const { accessToken: token, email, password } = await settee.register();
    const taken = await settee.register();
    const change = (body: object) => rest(settee.url, 'PATCH /api/auth/me', { token, body });
    const wanted = `moved-${email}`;
    expect(outcome(await change({ email: wanted }))).toBe('401 invalid_credentials');
    expect(outcome(await change({ email: taken.email, currentPassword: password }))).toBe('409 email_taken');
    expect((await change({ email: wanted, currentPassword: password })).body.user.email).toBe(wanted);
    expect(outcome(await login(email, password))).toBe('401 invalid_credentials');
    expect((await login(wanted, password)).status).toBe(200);
    expect((await settee.register(email)).user.email).toBe(email);
  });

  it('changes its password, which ends all other sessions', async () => {
    const { email, password, accessToken: token } = await settee.register();
    const other = (await login(email, password)).body;
    const change = (currentPassword: string) =>
      rest(settee.url, 'POST /api/auth/password', {
        token,
        body: { currentPassword, newPassword: 'another long one' },
      });
    expect(outcome(await change('wrong'))).toBe('401 invalid_credentials');
    expect((await change(password)).status).toBe(204);
    expect((await me(token)).status).toBe(200);
    expect(outcome(await me(other.accessToken))).toBe('401 session_ended');
    expect(outcome(await login(email, password))).toBe('401 invalid_credentials');
    expect((await login(email, 'another long one')).status).toBe(200);
  });

  it('is removed with sessions, keys and data, and frees its address', async () => {
    const { email, password, user, accessToken: token } = await settee.register();
    const { body: key } = await rest(settee.url, 'POST /api/keys', {
      token,
      body: { name: 'k', scopes: ['read'] },
    });
    const { couch } = settee.services;
    const mine = async () =>
      (await couch.databases()).filter((name) => name.includes(Buffer.from(user.id).toString('hex')));
    expect(await mine()).not.toEqual([]);
    const remove = (body?: object) => rest(settee.url, 'DELETE /api/auth/me', { token, body });
    expect(outcome(await remove({ password: 'wrong' }))).toBe('401 invalid_credentials');
    expect((await remove({ password })).status).toBe(204);
    expect(outcome(await me(token))).toBe('401 session_ended');
    expect(outcome(await me(key.key))).toBe('401 unauthorized');
    expect(outcome(await login(email, password))).toBe('401 invalid_credentials');
    expect(await mine()).toEqual([]);
    const left = await couch.admin<object>(`${couch.prefix}settee-accounts`).list();
    expect(left.rows.filter(({ id }) => id.includes(user.id))).toEqual([]);
    expect((await settee.register(email)).user.id).not.toBe(user.id);
  });
});

describe('two processes', () => {
  it('agree within seconds that a session has ended', async () => {
    const other = await settee.startAnother();
    const { accessToken: token } = await settee.register();
    const meThere = () => rest(other.url, 'GET /api/auth/me', { token });
    expect((await meThere()).status).toBe(200);
    const ended: string[] = [];
    other.services.auth.onSessionEnd((id) => ended.push(id));
    await rest(settee.url, 'POST /api/auth/logout', { token });
    await eventually(() => ended.length === 1, 5000);
    expect(outcome(await meThere())).toBe('401 session_ended');
  });

  it('see an ended session that they had not met before', async () => {
    const { accessToken: token } = await settee.register();
    await rest(settee.url, 'POST /api/auth/logout', { token });
    const late = await settee.startAnother();
    expect(outcome(await rest(late.url, 'GET /api/auth/me', { token }))).toBe('401 session_ended');
  });
});

describe('the first administrator', () => {
  it('is made once, and an account of somebody else is not made one', async () => {
    const { auth } = settee.services;
    const account = { email: 'first@example.org', password: 'administrator' };
    const atOnce = await Promise.all(
      [auth, (await settee.startAnother()).services.auth].map((each) => each.ensureAdministrator(account)),
    );
    // The later one may look while the address is claimed and the account not yet there.
    expect(atOnce).toContain('created');
    expect(['exists', 'pending']).toEqual(
      expect.arrayContaining(atOnce.filter((each) => each !== 'created')),
    );
    expect(await auth.ensureAdministrator(account)).toBe('exists');
    const { body } = await login(account.email, account.password);
    expect(body.user.roles).toEqual(['user', 'admin']);
    const squatter = await settee.register();
    expect(await auth.ensureAdministrator({ email: squatter.email, password: 'administrator' })).toBe(
      'refused',
    );
    expect((await me(squatter.accessToken)).body.user.roles).toEqual(['user']);
    expect(await auth.ensureAdministrator({ email: squatter.email, password: squatter.password })).toBe(
      'granted',
    );
    expect((await me(squatter.accessToken)).body.user.roles).toEqual(['user', 'admin']);
  });

  it('is waited for where somebody else is registering the address, and is not taken for made', async () => {
    const { auth, couch } = settee.services;
    const accounts = couch.admin<EmailClaim>(`${couch.prefix}settee-accounts`);
    const account = { email: 'claimed@example.org', password: 'administrator' };
    const claim = { type: 'email', userId: randomUUID(), state: 'pending' } as const;
    const _id = `email:${hashEmail(account.email)}`;
    const { rev } = await accounts.insert({ ...claim, _id, claimedAt: new Date().toISOString() });
    expect(await auth.ensureAdministrator(account)).toBe('pending');
    const longAgo = new Date(Date.now() - 61_000).toISOString();
    await accounts.insert({ ...claim, _id, _rev: rev, claimedAt: longAgo });
    expect(await auth.ensureAdministrator(account)).toBe('created');
  });
});
