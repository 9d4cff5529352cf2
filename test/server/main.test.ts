import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtServer } from '../support/built-server.ts';
import { eventually, rest } from '../support/rest-client.ts';
import { startTestEngine, type TestEngine } from '../support/engine.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
let main: string;
let directory: string;
let engine: TestEngine | undefined;
let running: Command[] = [];

interface Command {
  process: ChildProcess;
  output(): string;
  code: Promise<number | null>;
}

beforeEach(async () => {
  main = await builtServer();
  directory = await mkdtemp(join(tmpdir(), 'settee-main-'));
});
afterEach(async () => {
  for (const { process: child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ code }) => code));
  running = [];
  await engine?.stop();
  engine = undefined;
  await rm(directory, { recursive: true, force: true });
});

function run(env: Record<string, string>, args: string[] = ['start']): Command {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      COUCHDB_PORT: '0',
      DATA_DIR: directory,
      LOG_LEVEL: 'info',
      ...env,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const command = { process: child, output: () => output, code };
  running.push(command);
  return command;
}

async function addressOf(command: Command): Promise<string> {
  let url: string | undefined;
  await eventually(() => {
    url = /Settee +(http:\/\/\S+)/.exec(command.output())?.[1];
    return url !== undefined || command.process.exitCode !== null;
  }, 60_000);
  if (url === undefined) throw new Error(command.output());
  return url;
}

/** The embedded engine, or where the tests run on CouchDB, that. */
async function engineSettings(): Promise<Record<string, string>> {
  if ((process.env.COUCHDB_URL ?? '') === '') return {};
  engine = await startTestEngine();
  return { COUCHDB_URL: engine.url, DATABASE_PREFIX: engine.prefix };
}

async function register(url: string, email: string) {
  const { body } = await rest(url, 'POST /api/auth/register', { body: { email, password: 'correct horse' } });
  const spaces = await rest(url, 'GET /api/spaces', { token: body.accessToken });
  return { token: body.accessToken as string, database: spaces.body.spaces[0].database as string };
}

const device = {
  _id: 'device:7f0c1a52-6d83-4f5e-9f3a-2f6f4e1c9a10',
  type: 'device',
  schemaVersion: 1,
  name: 'Laptop',
  createdAt: '2026-05-01T12:00:00.000Z',
  updatedAt: '2026-05-01T12:00:00.000Z',
};

describe('start', { timeout: 120_000 }, () => {
  it('prints its addresses, and at a signal lets a write finish, ends feeds and goes in peace', async () => {
    const settings = await engineSettings();
    const first = run(settings);
    const url = await addressOf(first);
    expect(first.output()).toMatch(/API +http.*\/api\/docs\n/);
    expect(first.output()).toMatch(/Fauxton +http.*\/_utils\n/);
    const { token, database } = await register(url, 'a@example.org');

    const authorization = `Bearer ${token}`;
    const feed = fetch(`${url}/db/${database}/_changes?feed=longpoll&since=now&heartbeat=1000`, {
      headers: { authorization },
    }).then(
      async (answer) => answer.text().catch(() => 'cut'),
      () => 'cut',
    );
    const body = JSON.stringify(device);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.write(
      `PUT /db/${database}/${encodeURIComponent(device._id)} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 1000));
    first.process.kill('SIGTERM');
    await eventually(() => first.output().includes('stopping'));
    await feed;
    socket.write(body.slice(20));
    expect(await first.code).toBe(0);
    expect(answer).toMatch(/^HTTP\/1.1 201/);

    const again = await addressOf(run(settings));
    const read = await rest(again, `GET /db/${database}/${encodeURIComponent(device._id)}`, { token });
    expect(read.body).toMatchObject({ name: 'Laptop' });
  });

  it('makes the first administrator, and shows a new password of the engine once', async () => {
    const settings = await engineSettings();
    const admin = { FIRST_ADMIN_EMAIL: 'first@example.org', FIRST_ADMIN_PASSWORD: 'administrator' };
    const first = run({ ...settings, ...admin });
    const url = await addressOf(first);
    const body = { email: admin.FIRST_ADMIN_EMAIL, password: admin.FIRST_ADMIN_PASSWORD };
    const login = await rest(url, 'POST /api/auth/login', { body });
    expect(login.body.user.roles).toEqual(['user', 'admin']);
    const keys = await stat(join(directory, 'keys.json'));
    expect(keys.mode & 0o077).toBe(0);
    if (settings.COUCHDB_URL === undefined) {
      await eventually(() => /with the password \S{10,}/.test(first.output()));
      const password = /with the password (\S+)/.exec(first.output())?.[1] ?? '';
      first.process.kill('SIGINT');
      expect(await first.code).toBe(0);
      const second = run(admin);
      await addressOf(second);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(second.output()).not.toContain(password);
    }
  });

  it('says what is wrong with the configuration, all of it', async () => {
    const command = run({ PORT: 'x', RETENTION_MONTHS: '-1' });
    expect(await command.code).toBe(1);
    expect(command.output()).toMatch(/PORT: .*\n.*RETENTION_MONTHS: /);
    expect(command.output()).not.toContain('    at ');
  });

  it('says so when a port is taken or the engine cannot be reached', async () => {
    const settings = await engineSettings();
    const other = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const taken = run({ ...settings, PORT: port });
    expect(await taken.code).toBe(1);
    expect(taken.output()).toMatch(new RegExp(`Port ${port} .* is taken`));
    const engineTaken = run({ COUCHDB_PORT: port });
    expect(await engineTaken.code).toBe(1);
    expect(engineTaken.output()).toMatch(new RegExp(`Port ${port} is taken.*COUCHDB_PORT`));
    other.close();
    const unreachable = run({ COUCHDB_URL: `http://admin:secretword@127.0.0.1:${port}` });
    expect(await unreachable.code).toBe(1);
    expect(unreachable.output()).toMatch(/127\.0\.0\.1/);
    expect(unreachable.output()).not.toMatch(/secretword| {4}at /);
  });

  it('names the commands when it does not know one', async () => {
    const command = run({}, ['sit']);
    expect(await command.code).toBe(2);
    expect(command.output()).toMatch(/no command "sit"[\s\S]*settee start/);
  });

  it('is quiet when nobody reads on, as behind a pipe into head', async () => {
    const command = run({}, ['help']);
    command.process.stdout?.destroy();
    expect(await command.code).toBe(0);
    expect(command.output()).toBe('');
  });
});
