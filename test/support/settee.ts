import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthReply } from '../../schema/index.ts';
import { parseConfig, type Config } from '../../server/config.ts';
import { createLog, type Log } from '../../server/log.ts';
import type { Mailer } from '../../server/mail/mailer.ts';
import { startServer, type RunningServer, type Services } from '../../server/start-server.ts';
import { startTestEngine } from './engine.ts';

export interface StartSetteeOptions {
  config?: Partial<Config>;
  clock?: () => Date;
  /** The real cost of a password; by default the cheapest, so that tests are quick. */
  realPasswords?: boolean;
  /** The folder of a built web application. */
  pages?: string;
  log?: Log;
  /** Takes the mails instead of the one that only notes them. */
  mailer?: Mailer;
}

export interface TestAccount extends AuthReply {
  email: string;
  password: string;
}

export interface TestSettee {
  url: string;
  /** With the administrator's credentials. */
  engineUrl: string;
  kind: 'embedded' | 'couchdb';
  config: Config;
  services: Services;
  /** Makes an account; a new address each time unless one is given. */
  register(email?: string): Promise<TestAccount>;
  /** A second server over the same engine and keys; stopped with this one. */
  startAnother(overrides?: Partial<Config>): Promise<RunningServer>;
  /** Stops the server and starts it again over the same engine and keys, at the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const generousLimits = { windowSeconds: 60, signIn: 0, general: 0, replication: 0 };
const cheapestPasswords = { memoryCost: 8, timeCost: 1 };
const testPassword = 'correct horse battery';

async function registerAt(url: string, email: string): Promise<TestAccount> {
  const answer = await fetch(`${url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: testPassword }),
  });
  if (answer.status !== 201) throw new Error(`Registering answered ${answer.status}: ${await answer.text()}`);
  const reply = (await answer.json()) as AuthReply;
  return { ...reply, email, password: testPassword };
}

/** The whole server over a fresh engine, at a free port, with a data folder and database names of its own. */
export async function startSettee(options: StartSetteeOptions = {}): Promise<TestSettee> {
  const engine = await startTestEngine();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'settee-test-'));
  const log = options.log ?? createLog({ level: process.env.TEST_LOG === undefined ? 'silent' : 'debug' });
  const config: Config = {
    ...parseConfig({ PORT: '0' }),
    dataDirectory,
    databasePrefix: engine.prefix,
    rateLimits: generousLimits,
    ...options.config,
  };
  const start = (overrides: Partial<Config> = {}): Promise<RunningServer> =>
    startServer({
      config: { ...config, ...overrides },
      log,
      engineUrl: engine.url,
      ...(options.clock ? { clock: options.clock } : {}),
      ...(options.realPasswords === true ? {} : { passwordCost: cheapestPasswords }),
      ...(options.pages === undefined ? {} : { pages: options.pages }),
      ...(options.mailer ? { mailer: options.mailer } : {}),
    });
  const others: RunningServer[] = [];
  let server = await start().catch(async (error: unknown) => {
    await engine.stop();
    throw error;
  });
  return {
    get url() {
      return server.url;
    },
    get services() {
      return server.services;
    },
    engineUrl: engine.url,
    kind: engine.kind,
    config,
    register: (email = `${randomUUID()}@example.org`) => registerAt(server.url, email),
    async startAnother(overrides) {
      const other = await start(overrides);
      others.push(other);
      return other;
    },
    async restart() {
      const { port } = server;
      await server.close();
      server = await start({ port });
    },
    async stop() {
      await Promise.all([...others, server].map((running) => running.close()));
      await engine.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
