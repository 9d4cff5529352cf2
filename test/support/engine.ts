import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedEngine, type EmbeddedEngineOptions } from '../../server/embedded/index.ts';
import { createLog } from '../../server/log.ts';

export interface TestEngine {
  /** With the administrator's credentials, without a slash at the end. */
  url: string;
  /** Begins the names of this test's databases; another at every call. */
  prefix: string;
  kind: 'embedded' | 'couchdb';
  stop(): Promise<void>;
}

export type TestEngineOptions = Partial<
  Pick<EmbeddedEngineOptions, 'adapter' | 'directory' | 'plainUsers' | 'idleMilliseconds'>
>;

export const testPassword = 'secret';

async function deleteDatabases(url: string, prefix: string): Promise<void> {
  const { username, password, origin } = new URL(url);
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  const names = (await (await fetch(`${origin}/_all_dbs`, { headers })).json()) as string[];
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    await fetch(`${origin}/${encodeURIComponent(name)}`, { method: 'DELETE', headers });
  }
}

/**
 * The engine of a test: the CouchDB at COUCHDB_URL where that is set, else the embedded one in this process,
 * in memory and a temporary directory. Give it a directory to restart on the same data (it is kept then).
 */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const prefix = `t${randomBytes(6).toString('hex')}-`;
  const couch = process.env.COUCHDB_URL;
  if (couch !== undefined && couch !== '') {
    const url = couch.replace(/\/$/, '');
    return { url, prefix, kind: 'couchdb', stop: () => deleteDatabases(url, prefix) };
  }
  return await startEmbeddedTestEngine(options, prefix);
}

/** The embedded engine, whatever COUCHDB_URL says: for tests of the engine itself. */
export async function startEmbeddedTestEngine(
  options: TestEngineOptions = {},
  prefix = `t${randomBytes(6).toString('hex')}-`,
): Promise<TestEngine> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'settee-engine-')));
  const engine = await startEmbeddedEngine({
    port: 0,
    adapter: 'memory',
    administrator: { name: 'admin', password: testPassword },
    log: createLog({ level: 'error' }),
    ...options,
    directory,
  });
  return {
    url: `http://admin:${testPassword}@127.0.0.1:${engine.port}`,
    prefix,
    kind: 'embedded',
    async stop() {
      await engine.close();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}
