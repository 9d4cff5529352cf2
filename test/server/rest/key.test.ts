import { describe, expect, it } from 'vitest';
import { eventually, outcome, rest, type RestAnswer } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();

const create = (token: string, body: object): Promise<RestAnswer> =>
  rest(settee.url, 'POST /api/keys', { token, body });

describe('API keys', () => {
  it('are shown once, stored hashed, and let their holder in', async () => {
    const { accessToken, user } = await settee.register();
    const { status, body } = await create(accessToken, { name: 'Backup', scopes: ['read', 'write'] });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'Backup',
      scopes: ['read', 'write'],
      key: expect.stringMatching(/^stk_[\w-]{80,}$/),
    });
    const listed = await rest(settee.url, 'GET /api/keys', { token: accessToken });
    expect(listed.body.keys).toHaveLength(1);
    expect(JSON.stringify(listed.body)).not.toContain(body.key);
    expect((await rest(settee.url, 'GET /api/auth/me', { token: body.key })).body.user.id).toBe(user.id);
    const principal = await settee.services.auth.authenticate(`bearer ${body.key}`);
    expect(principal).toMatchObject({ userId: user.id, keyId: body.id, scopes: ['read', 'write'] });
    expect(principal.expiresAt).toBe(Number.POSITIVE_INFINITY);
    const { couch } = settee.services;
    const stored = await couch
      .admin<object>(`${couch.prefix}settee-accounts`)
      .get(`key:${user.id}:${body.id}`);
    const secret = Buffer.from(body.key.slice(4), 'base64url').subarray(32).toString('hex');
    expect(JSON.stringify(stored)).not.toContain(secret);
  });

  it('note when they were used', async () => {
    const { accessToken } = await settee.register();
    const { body } = await create(accessToken, { name: 'Used', scopes: ['read'] });
    await rest(settee.url, 'GET /api/auth/me', { token: body.key });
    await eventually(async () => {
      const listed = await rest(settee.url, 'GET /api/keys', { token: accessToken });
      return listed.body.keys[0].lastUsedAt !== undefined;
    });
  });

  it('do no more than their scopes say, and never manage the account', async () => {
    const { accessToken, password } = await settee.register();
    const { body: readOnly } = await create(accessToken, { name: 'Reader', scopes: ['read'] });
    const { body: full } = await create(accessToken, { name: 'All', scopes: ['read', 'write', 'execute'] });
    const calls: [string, object?][] = [
      ['POST /api/keys', { name: 'More', scopes: ['read'] }],
      [`DELETE /api/keys/${readOnly.id}`],
      ['PATCH /api/auth/me', { name: 'x' }],
      ['POST /api/auth/password', { currentPassword: password, newPassword: 'a new password' }],
      ['DELETE /api/auth/me', { password }],
      ['DELETE /api/sessions/x'],
      ['POST /api/auth/logout', { all: true }],
    ];
    for (const [target, body] of calls) {
      for (const token of [readOnly.key, full.key]) {
        const answer = await rest(settee.url, target, { token, body });
        expect([target, outcome(answer)]).toEqual([target, '403 insufficient_scope']);
      }
    }
    expect((await rest(settee.url, 'GET /api/keys', { token: readOnly.key })).body.keys).toHaveLength(2);
  });

  it('cannot be given what their user may not do', async () => {
    const { accessToken } = await settee.register();
    expect(outcome(await create(accessToken, { name: 'Boss', scopes: ['admin'] }))).toBe('403 forbidden');
    expect(outcome(await create(accessToken, { name: 'Odd', scopes: ['root'] }))).toBe('400 invalid_body');
  });

  it('are over when deleted, in every process at once, and at their end', async () => {
    const other = await settee.startAnother();
    const { accessToken } = await settee.register();
    const { body: key } = await create(accessToken, { name: 'Short', scopes: ['read'] });
    const there = (): Promise<RestAnswer> => rest(other.url, 'GET /api/auth/me', { token: key.key });
    expect((await there()).status).toBe(200);
    const ended: string[] = [];
    other.services.auth.onSessionEnd((id) => ended.push(id));
    expect((await rest(settee.url, `DELETE /api/keys/${key.id}`, { token: accessToken })).status).toBe(204);
    expect(outcome(await rest(settee.url, 'GET /api/auth/me', { token: key.key }))).toBe('401 unauthorized');
    await eventually(() => ended.includes(key.id), 5000);
    expect(outcome(await there())).toBe('401 unauthorized');
    const expiresAt = new Date(Date.now() - 1000).toISOString();
    const { body: old } = await create(accessToken, { name: 'Old', scopes: ['read'], expiresAt });
    expect(outcome(await rest(settee.url, 'GET /api/auth/me', { token: old.key }))).toBe('401 token_expired');
  });

  it('of somebody else are neither shown nor deleted, and altered ones are refused', async () => {
    const mine = await settee.register();
    const theirs = await settee.register();
    const { body: key } = await create(theirs.accessToken, { name: 'Theirs', scopes: ['read'] });
    const attempt = await rest(settee.url, `DELETE /api/keys/${key.id}`, { token: mine.accessToken });
    expect(outcome(attempt)).toBe('404 not_found');
    expect((await rest(settee.url, 'GET /api/keys', { token: mine.accessToken })).body.keys).toEqual([]);
    for (const at of [5, 20, 40, 60, key.key.length - 1]) {
      const altered = key.key.slice(0, at) + (key.key[at] === 'A' ? 'B' : 'A') + key.key.slice(at + 1);
      expect(outcome(await rest(settee.url, 'GET /api/auth/me', { token: altered }))).toBe(
        '401 unauthorized',
      );
    }
    expect((await rest(settee.url, 'GET /api/auth/me', { token: key.key })).status).toBe(200);
  });
});
