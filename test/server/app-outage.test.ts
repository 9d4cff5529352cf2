import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConfig } from '../../server/config.ts';
import { createLog } from '../../server/log.ts';
import { startServer, type RunningServer } from '../../server/start-server.ts';
import { startEmbeddedTestEngine, type TestEngine } from '../support/engine.ts';
import { eventually, outcome, rest } from '../support/rest-client.ts';

let directory: string;
let engine: TestEngine;
let server: RunningServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settee-outage-'));
  engine = await startEmbeddedTestEngine();
  server = await startServer({
    config: { ...parseConfig({ PORT: '0' }), dataDirectory: directory, databasePrefix: engine.prefix },
    log: createLog({ level: 'silent' }),
    engineUrl: engine.url,
    passwordCost: { memoryCost: 8, timeCost: 1 },
  });
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

it('says that the engine is away, and lets nobody in on what it remembers', async () => {
  const account = { email: 'a@example.org', password: 'correct horse' };
  const { body } = await rest(server.url, 'POST /api/auth/register', { body: account });
  const token: string = body.accessToken;
  expect((await rest(server.url, 'GET /health')).status).toBe(200);
  await engine.stop();
  await eventually(async () => (await rest(server.url, 'GET /health')).status === 503);
  const health = await rest(server.url, 'GET /health');
  expect(health.body).toMatchObject({
    status: 'down',
    services: { engine: 'down', accountsFeed: 'stale', directoryFeed: 'stale' },
  });
  for (const [target, call] of [
    ['POST /api/auth/login', { body: account }],
    ['POST /api/auth/refresh', { body: { refreshToken: body.refreshToken } }],
    ['GET /api/auth/me', { token }],
    ['GET /api/spaces', { token }],
  ] as const) {
    const answer = await rest(server.url, target, call);
    expect([target, outcome(answer)]).toEqual([target, '503 engine_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('2');
  }
  const replication = await rest(server.url, 'GET /db/userdb-00', { token });
  expect(replication.status).toBe(503);
  expect(replication.body).toMatchObject({ error: 'service_unavailable' });
});
