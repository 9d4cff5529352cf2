import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { startEmbeddedEngine, type EmbeddedEngine } from '../embedded/index.ts';
import type { Log } from '../log.ts';
import { CommandError } from './command.ts';

/** An engine that a command may use, with an administrator's credentials in its address. */
export interface LocatedEngine {
  url: string;
  /** `couchdb`: the one of COUCHDB_URL; `running`: that of a server on this machine; `started`: ours, for a while. */
  kind: 'couchdb' | 'running' | 'started';
  close(): Promise<void>;
}

const noteSchema = z.object({ serviceUrl: z.url() });

/** The address that a running embedded engine leaves in its directory, or null where none answers there. */
async function findRunningEngine(directory: string): Promise<string | null> {
  try {
    const { serviceUrl } = noteSchema.parse(
      JSON.parse(await readFile(join(directory, 'engine.json'), 'utf8')),
    );
    const { origin } = new URL(serviceUrl);
    const response = await fetch(`${origin}/_up`, { signal: AbortSignal.timeout(3000) });
    return response.ok ? serviceUrl : null;
  } catch {
    // No note, a note of a process that died, or nobody at the address: all mean that none runs.
    return null;
  }
}

/** CouchDB where COUCHDB_URL is set, else the embedded engine: the running one, or one started for the command. */
export async function locateEngine(options: { config: Config; log: Log }): Promise<LocatedEngine> {
  const { config, log } = options;
  const nothingToClose = async (): Promise<void> => undefined;
  if (config.couchdbUrl !== undefined)
    return { url: config.couchdbUrl, kind: 'couchdb', close: nothingToClose };
  const running = await findRunningEngine(config.dataDirectory);
  if (running !== null) return { url: running, kind: 'running', close: nothingToClose };
  const engine = await startOwnEngine(config.dataDirectory, log);
  return { url: engine.serviceUrl, kind: 'started', close: () => engine.close() };
}

async function startOwnEngine(directory: string, log: Log): Promise<EmbeddedEngine> {
  // Of this run only: the administrator's password is made, and shown once, by `settee start`.
  const administrator = { name: 'admin', password: randomBytes(24).toString('base64url') } as const;
  try {
    return await startEmbeddedEngine({ directory, port: 0, administrator, log });
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
