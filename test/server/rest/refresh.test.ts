import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { outcome, rest, type RestAnswer } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';
import type { RunningServer } from '../../../server/start-server.ts';

const settee = useSettee({ clock: () => new Date(Date.now() + ahead * 1000) });
let other: RunningServer;
let ahead = 0;

beforeAll(async () => {
  other = await settee.startAnother();
});
afterEach(() => {
  ahead = 0;
});
const refresh = (refreshToken: string, url = settee.url): Promise<RestAnswer> =>
  rest(url, 'POST /api/auth/refresh', { body: { refreshToken } });
const me = (token: string, url = settee.url): Promise<RestAnswer> => rest(url, 'GET /api/auth/me', { token });

describe('refreshing', () => {
  it('gives new tokens that work, for the same session', async () => {
    const { refreshToken, user } = await settee.register();
    const first = await refresh(refreshToken);
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ user, expiresIn: 900 });
    expect(first.body.refreshToken).not.toBe(refreshToken);
    expect((await me(first.body.accessToken)).status).toBe(200);
    expect((await refresh(first.body.refreshToken)).status).toBe(200);
    const { body } = await rest(settee.url, 'GET /api/sessions', { token: first.body.accessToken });
    expect(body.sessions).toHaveLength(1);
  });

  it('signs nobody out over a lost answer, the first time or the second', async () => {
    const { refreshToken } = await settee.register();
    await refresh(refreshToken);
    ahead = 300;
    const second = await refresh(refreshToken);
    expect(second.status).toBe(200);
    await refresh(second.body.refreshToken);
    ahead = 301;
    const third = await refresh(second.body.refreshToken);
    expect(third.status).toBe(200);
    expect((await refresh(third.body.refreshToken)).status).toBe(200);
  });

  it('gives racing tabs of any process tokens that all work', async () => {
    const { refreshToken } = await settee.register();
    const urls = [settee.url, other.url];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, tab) => refresh(refreshToken, urls[tab % 2])),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
    for (const { body } of answers) expect((await me(body.accessToken, other.url)).status).toBe(200);
    // Whatever a tab ends up with, the next round works for all of them again.
    const next = await Promise.all(answers.map(({ body }, tab) => refresh(body.refreshToken, urls[tab % 2])));
    expect(next.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
  });

  it('ends the session when a token is used whose successor was used, in every process', async () => {
    const { refreshToken } = await settee.register();
    const second = (await refresh(refreshToken)).body;
    const third = (await refresh(second.refreshToken)).body;
    expect((await me(third.accessToken, other.url)).status).toBe(200);
    expect(outcome(await refresh(refreshToken, other.url))).toBe('401 token_reused');
    expect(outcome(await me(third.accessToken, other.url))).toBe('401 session_ended');
    expect(outcome(await refresh(third.refreshToken))).toBe('401 session_ended');
    expect(outcome(await refresh(refreshToken))).toBe('401 session_ended');
  });

  it('ends the session when a token is used again after the grace', async () => {
    const { refreshToken, accessToken } = await settee.register();
    const second = (await refresh(refreshToken)).body;
    ahead = 599;
    expect((await refresh(refreshToken)).status).toBe(200);
    ahead = 605;
    expect(outcome(await refresh(refreshToken))).toBe('401 token_reused');
    expect(outcome(await refresh(second.refreshToken))).toBe('401 session_ended');
    expect(outcome(await me(accessToken))).toBe('401 session_ended');
  });

  it('leaves other sessions of the user alone', async () => {
    const { email, password, refreshToken } = await settee.register();
    const elsewhere = await rest(settee.url, 'POST /api/auth/login', { body: { email, password } });
    const second = (await refresh(refreshToken)).body;
    await refresh(second.refreshToken);
    expect(outcome(await refresh(refreshToken))).toBe('401 token_reused');
    expect((await me(elsewhere.body.accessToken)).status).toBe(200);
    expect((await refresh(elsewhere.body.refreshToken)).status).toBe(200);
  });

  it('is over after a week without use', async () => {
    const { refreshToken } = await settee.register();
    ahead = 7 * 24 * 3600 + 1;
    expect(outcome(await refresh(refreshToken))).toBe('401 token_expired');
  });

  it('refuses what it never issued, and ends nothing for it', async () => {
    const { refreshToken, accessToken } = await settee.register();
    const stranger = await settee.register();
    // The ids of one session with the secret of another.
    const bytes = Buffer.from(refreshToken.slice(4), 'base64url');
    const foreign = Buffer.from(stranger.refreshToken.slice(4), 'base64url');
    foreign.copy(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), 32, 32);
    for (const bad of ['nonsense', accessToken, `srt_${bytes.toString('base64url')}`, `${refreshToken}x`]) {
      expect(outcome(await refresh(bad))).toBe('401 unauthorized');
    }
    expect((await me(accessToken)).status).toBe(200);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('stores nothing that could be used as a token', async () => {
    const { refreshToken, user } = await settee.register();
    const second = (await refresh(refreshToken)).body;
    const { couch } = settee.services;
    const stored = await couch.admin<object>(`${couch.prefix}settee-accounts`).list({ include_docs: true });
    const text = JSON.stringify(stored.rows.filter(({ id }) => id.includes(user.id)));
    for (const token of [refreshToken, second.refreshToken]) {
      const secret = Buffer.from(token.slice(4), 'base64url').subarray(32, 64);
      expect(text).not.toContain(secret.toString('hex'));
      expect(text).not.toContain(secret.toString('base64url'));
      expect(text).not.toContain(token);
    }
  });
});

describe('an access token', () => {
  it('is refused when it is over', async () => {
    const { accessToken } = await settee.register();
    expect((await me(accessToken)).status).toBe(200);
    ahead = 901;
    const answer = await me(accessToken);
    expect(outcome(answer)).toBe('401 token_expired');
  });
});

describe('signing out everywhere by a refresh token', () => {
  const logout = (refreshToken: string) =>
    rest(settee.url, 'POST /api/auth/logout', { body: { refreshToken, all: true } });

  async function signedInTwice() {
    const { email, password, refreshToken } = await settee.register();
    const { body } = await rest(settee.url, 'POST /api/auth/login', { body: { email, password } });
    return { refreshToken, elsewhere: body.accessToken as string };
  }

  it('works with the newest token and with the one before', async () => {
    for (const rotations of [0, 1]) {
      const { refreshToken, elsewhere } = await signedInTwice();
      for (let n = 0; n < rotations; n += 1) await refresh(refreshToken);
      expect((await logout(refreshToken)).status).toBe(204);
      expect(outcome(await me(elsewhere))).toBe('401 session_ended');
    }
  });

  it('with an older token ends the session of that token only', async () => {
    const { refreshToken, elsewhere } = await signedInTwice();
    const second = await refresh(refreshToken);
    const third = await refresh(second.body.refreshToken);
    expect((await logout(refreshToken)).status).toBe(204);
    expect(outcome(await me(third.body.accessToken))).toBe('401 session_ended');
    expect((await me(elsewhere)).status).toBe(200);
  });

  it('with a token whose session is over ends no other', async () => {
    const { refreshToken, elsewhere } = await signedInTwice();
    ahead = 8 * 24 * 3600;
    expect((await logout(refreshToken)).status).toBe(204);
    ahead = 0;
    expect((await me(elsewhere)).status).toBe(200);
  });
});
