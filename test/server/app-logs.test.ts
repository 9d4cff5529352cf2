import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLog } from '../../server/log.ts';
import { eventually, rest } from '../support/rest-client.ts';
import { startSettee, type TestSettee } from '../support/settee.ts';

let settee: TestSettee;
let written = '';

beforeAll(async () => {
  const log = createLog({ level: 'debug', destination: { write: (line) => void (written += line) } });
  settee = await startSettee({ log });
});
afterAll(() => settee.stop());

it('logs each request on one line with its id and user, and no secret anywhere', async () => {
  const { accessToken: token, refreshToken, user, password } = await settee.register('logged@example.org');
  const headers = { 'x-request-id': 'logged-request' };
  await rest(settee.url, `GET /api/auth/me?token=${refreshToken}`, { token, headers });
  await rest(settee.url, 'POST /api/auth/login', {
    body: { email: 'logged@example.org', password: 'a wrong secret' },
  });
  const { body: key } = await rest(settee.url, 'POST /api/keys', {
    token,
    body: { name: 'k', scopes: ['read'] },
  });
  await rest(settee.url, 'GET /api/auth/me', { token: key.key });
  await eventually(() => written.includes('logged-request'));
  const lines = written
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.find(({ requestId }) => requestId === 'logged-request')).toMatchObject({
    method: 'GET',
    path: '/api/auth/me',
    status: 200,
    milliseconds: expect.any(Number),
    userId: user.id,
  });
  for (const secret of [token, refreshToken, password, 'a wrong secret', key.key, 'logged@example.org']) {
    expect(written).not.toContain(secret);
  }
});

it('replaces secrets in whatever is logged', () => {
  let line = '';
  const log = createLog({ level: 'info', destination: { write: (text) => void (line += text) } });
  log.info(
    { password: 'one', body: { refreshToken: 'two' }, request: { headers: { authorization: 'three' } } },
    'x',
  );
  expect(line).not.toMatch(/one|two|three/);
  expect(line).toContain('[secret]');
});

it('tells of an error of the engine what happened, and nothing of what was sent', async () => {
  let line = '';
  const log = createLog({ level: 'info', destination: { write: (text) => void (line += text) } });
  const nowhere = settee.services.couch.admin<object>(`${settee.config.databasePrefix}settee-nowhere`);
  const document = { _id: 'user:x', passwordHash: 'a-hash', flow: { nodes: ['a-node'] } };
  const cause: unknown = await nowhere.insert(document).catch((error: unknown) => error);
  log.child({ requestId: 'r' }).error({ err: new Error('It failed.', { cause }) }, 'unexpected error');
  expect(line).not.toMatch(/a-hash|a-node/);
  expect(JSON.parse(line)).toMatchObject({
    err: {
      type: 'Error',
      message: 'It failed.',
      stack: expect.stringContaining('app-logs.test'),
      cause: { message: expect.stringMatching(/exist/), statusCode: 404 },
    },
  });
});

it('does not follow causes without end', () => {
  let line = '';
  const log = createLog({ level: 'info', destination: { write: (text) => void (line += text) } });
  const error = new Error('It failed.');
  error.cause = error;
  log.error({ err: error }, 'x');
  expect(line.match(/"message"/g)).toHaveLength(6);
  log.error({ err: 'a text' }, 'x');
  expect(line).toContain('"err":"a text"');
});
