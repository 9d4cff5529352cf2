import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Settee process of its own, as an operator would start it. */
export interface ServerProcess {
  url: string;
  /** The engine, with the administrator's credentials. */
  engineUrl: string;
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

const administratorPassword = 'bench-bench';

/** Starts the built server; without `couchUrl` it runs the embedded engine on leveldb. */
export async function startServer(options: { couchUrl?: string; prefix: string }): Promise<ServerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'settee-bench-'));
  const [port, enginePort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, ['dist/server/main.js', 'start'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      PORT: String(port),
      COUCHDB_PORT: String(enginePort),
      COUCHDB_URL: options.couchUrl ?? '',
      ADMIN_PASSWORD: administratorPassword,
      DATA_DIR: directory,
      DATABASE_PREFIX: options.prefix,
      LOG_LEVEL: 'error',
      RATE_LIMIT_SIGN_IN: '100000',
      RATE_LIMIT_GENERAL: '1000000',
      RATE_LIMIT_REPLICATION: '10000000',
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, child);
  return {
    url,
    engineUrl: options.couchUrl ?? `http://admin:${administratorPassword}@127.0.0.1:${enginePort}`,
    residentBytes: () => residentBytes(child.pid as number),
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`The server ended with code ${child.exitCode}.`);
    const answer = await fetch(`${url}/health`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('The server did not become healthy within 30 s.');
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
