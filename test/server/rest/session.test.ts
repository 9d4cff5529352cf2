import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { outcome, rest } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();

describe('sessions', () => {
  it('are listed with what their clients said of themselves', async () => {
    const { email, password, accessToken: token } = await settee.register();
    const device = randomUUID();
    const login = await rest(settee.url, 'POST /api/auth/login', {
      body: { email, password },
      headers: { 'user-agent': 'Browser/1', 'x-settee-device': device },
    });
    const { body } = await rest(settee.url, 'GET /api/sessions', { token });
    expect(body.sessions).toHaveLength(2);
    expect(body.sessions.filter(({ current }: { current: boolean }) => current)).toHaveLength(1);
    expect(body.sessions.find(({ current }: { current: boolean }) => !current)).toEqual({
      id: expect.any(String),
      createdAt: expect.any(String),
      lastUsedAt: expect.any(String),
      userAgent: 'Browser/1',
      deviceId: device,
      current: false,
    });
    const there = await rest(settee.url, 'GET /api/sessions', { token: login.body.accessToken });
    const current = there.body.sessions.find((session: { current: boolean }) => session.current);
    expect(current.deviceId).toBe(device);
  });

  it('can be ended one by one', async () => {
    const { email, password, accessToken: token } = await settee.register();
    const other = (await rest(settee.url, 'POST /api/auth/login', { body: { email, password } })).body
      .accessToken;
    const { body } = await rest(settee.url, 'GET /api/sessions', { token });
    const { id } = body.sessions.find(({ current }: { current: boolean }) => !current);
    expect((await rest(settee.url, `DELETE /api/sessions/${id}`, { token })).status).toBe(204);
    expect(outcome(await rest(settee.url, 'GET /api/sessions', { token: other }))).toBe('401 session_ended');
    expect((await rest(settee.url, 'GET /api/sessions', { token })).body.sessions).toHaveLength(1);
    expect(outcome(await rest(settee.url, `DELETE /api/sessions/${id}`, { token }))).toBe('404 not_found');
  });

  it('of somebody else are neither shown nor ended', async () => {
    const mine = await settee.register();
    const theirs = await settee.register();
    const { body } = await rest(settee.url, 'GET /api/sessions', { token: theirs.accessToken });
    const { id } = body.sessions[0];
    for (const guess of [id, `${theirs.user.id}:${id}`, `..%2F${id}`, `%00${id}`, 'x'.repeat(3000)]) {
      const answer = await rest(settee.url, `DELETE /api/sessions/${guess}`, { token: mine.accessToken });
      expect(outcome(answer)).toBe('404 not_found');
    }
    expect((await rest(settee.url, 'GET /api/sessions', { token: theirs.accessToken })).status).toBe(200);
    const listed = await rest(settee.url, 'GET /api/sessions', { token: mine.accessToken });
    expect(JSON.stringify(listed.body)).not.toContain(id);
  });
});
