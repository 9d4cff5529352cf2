import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { builtServer } from '../support/built-server.ts';
import { freePort } from '../support/free-port.ts';

/** A server with its engine in a process of its own, which may be killed and comes back at the same address. */
export interface ServerProcess {
  url: string;
  /** The engine's address, and what an administrator authorises with. */
  engine: { origin: string; authorization: string };
  prefix: string;
  /** Ends the process at once, without a chance to write anything. */
  kill(): Promise<void>;
  /** Starts it again on the same data. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The last of what it logged. */
  log(): string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const administratorPassword = 'sofa-and-lamp';

async function untilHealthy(url: string, child: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`The server ended with code ${child.exitCode}.\n${log()}`);
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`The server did not become healthy within 60 s.\n${log()}`);
}

async function deleteDatabases(origin: string, authorization: string, prefix: string): Promise<void> {
  const headers = { authorization };
  const names = (await (await fetch(`${origin}/_all_dbs`, { headers })).json()) as string[];
  for (const name of names.filter((each) => each.startsWith(prefix)))
    await fetch(`${origin}/${encodeURIComponent(name)}`, { method: 'DELETE', headers });
}

/** Starts it on the engine of COUCHDB_URL where that is set, else on the embedded one. */
export async function startServerProcess(): Promise<ServerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'settee-convergence-'));
  const [port, enginePort] = [await freePort(), await freePort()];
  const couch = process.env.COUCHDB_URL ?? '';
  const prefix = couch === '' ? '' : `t${randomBytes(6).toString('hex')}-`;
  const engineUrl = new URL(
    couch === '' ? `http://admin:${administratorPassword}@127.0.0.1:${enginePort}` : couch,
  );
  const authorization = `Basic ${btoa(`${decodeURIComponent(engineUrl.username)}:${decodeURIComponent(engineUrl.password)}`)}`;
  const url = `http://127.0.0.1:${port}`;
  let output = '';
  let child: ChildProcess | null = null;
  const log = (): string => output.slice(-20_000);

  async function start(): Promise<void> {
    const started = spawn(process.execPath, [await builtServer(), 'start'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        COUCHDB_PORT: String(enginePort),
        COUCHDB_URL: couch,
        DATABASE_PREFIX: prefix,
        ADMIN_PASSWORD: administratorPassword,
        DATA_DIR: directory,
        LOG_LEVEL: 'warn',
        RATE_LIMIT_SIGN_IN: '0',
        RATE_LIMIT_GENERAL: '0',
        RATE_LIMIT_REPLICATION: '0',
      },
    });
    const keep = (chunk: Uint8Array): void => {
      output = (output + Buffer.from(chunk).toString()).slice(-100_000);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    child = started;
    await untilHealthy(url, started, log);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  await start();
  return {
    url,
    engine: { origin: engineUrl.origin, authorization },
    prefix,
    kill: () => end('SIGKILL'),
    start,
    log,
    async stop() {
      await end('SIGKILL');
      if (couch !== '') await deleteDatabases(engineUrl.origin, authorization, prefix);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
