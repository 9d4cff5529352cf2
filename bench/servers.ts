import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'undici';
import { freePort } from '../test/support/free-port.ts';

/** A Settee process of its own, as an operator would start it. */
export interface ServerProcess {
  url: string;
  /** The engine, with the administrator's credentials. */
  engineUrl: string;
  /** What it occupies once its garbage is collected, which it would do by itself sooner or later. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

const administratorPassword = 'bench-bench';

/** What Node says each time that its memory is asked for. */
const aboutInspector = /^Debugger |^For help, see: /;

/** Starts the built server; without `couchUrl` it runs the embedded engine on leveldb. */
export async function startServer(options: { couchUrl?: string; prefix: string }): Promise<ServerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'settee-bench-'));
  const [port, enginePort, inspectorPort] = [await freePort(), await freePort(), await freePort()];
  const inspected = [`--inspect=127.0.0.1:${inspectorPort}`, 'dist/server/main.js', 'start'];
  const child = spawn(process.execPath, inspected, {
    stdio: ['ignore', 'ignore', 'pipe'],
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
  createInterface(child.stderr).on('line', (line) => {
    if (!aboutInspector.test(line)) console.error(line);
  });
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, child);
  return {
    url,
    engineUrl: options.couchUrl ?? `http://admin:${administratorPassword}@127.0.0.1:${enginePort}`,
    async residentBytes() {
      await collectGarbage(inspectorPort);
      return residentBytes(child.pid as number);
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
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

interface InspectorTarget {
  webSocketDebuggerUrl: string;
}

/** Asks the process's inspector for a full collection. */
async function collectGarbage(port: number): Promise<void> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as InspectorTarget[];
  const inspector = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? '');
  await once(inspector, 'open');
  for (let id = 1; id <= 3; id += 1) {
    const answered = once(inspector, 'message');
    inspector.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
    await answered;
  }
  inspector.close();
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
