import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { couchClient } from './couch-client.ts';

/** An engine in a process of its own, which a test may kill. */
export interface EngineProcess {
  url: string;
  port: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
  });
}

/** Starts the engine on LevelDB in `directory` and waits until it answers. */
export async function startEngineProcess(directory: string): Promise<EngineProcess> {
  const port = await freePort();
  const script = fileURLToPath(new URL('engine-main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, directory, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://admin:secret@127.0.0.1:${port}`;
  const call = couchClient(url);
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the engine ended with ${child.exitCode}`);
    const up = await call('GET', '/_up').then(
      ({ status }) => status === 200,
      () => false,
    );
    if (up) break;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  return {
    url,
    port,
    async kill(signal) {
      child.kill(signal);
      await ended(child);
    },
  };
}
