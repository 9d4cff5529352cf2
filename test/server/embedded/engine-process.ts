import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/free-port.ts';
import { couchClient } from './couch-client.ts';

/** An engine in a process of its own, which a test may kill. */
export interface EngineProcess {
  url: string;
  port: number;
  kill(signal: NodeJS.Signals): Promise<void>;
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
