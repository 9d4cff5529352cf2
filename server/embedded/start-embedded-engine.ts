import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import {
  createPasswordVerifier,
  ensureAdministrator,
  hashPassword,
  readAdministrator,
  type PasswordHash,
} from './administrator.ts';
import { createAttachmentRoutes } from './attachment-routes.ts';
import { createBulkRoutes } from './bulk-routes.ts';
import { createChangesFeed } from './changes-feed.ts';
import { createCompaction } from './compaction.ts';
import { createCredentials } from './credentials.ts';
import { createDatabaseRegistry } from './database-registry.ts';
import { createDatabaseRoutes } from './database-routes.ts';
import { createDatabaseUpdatesFeed } from './database-updates.ts';
import { createDesignFunctions } from './design-functions.ts';
import { lockDirectory } from './directory-lock.ts';
import { createDocumentRoutes } from './document-routes.ts';
import { createExpressRoutes } from './express-routes.ts';
import { createFauxton } from './fauxton.ts';
import { createFindRoutes } from './find-routes.ts';
import { closeServer, listen } from './http-server.ts';
import { defaultLimits } from './limits.ts';
import { createPlainUsers } from './plain-users.ts';
import { writePrivateFile } from './private-file.ts';
import { createQueryRoutes } from './query-routes.ts';
import { createRevisionWrites } from './revision-writes.ts';
import { createRouter } from './router.ts';
import { createServerRoutes } from './server-routes.ts';
import { createSessions } from './sessions.ts';
import { createSigningKeys } from './signing-keys.ts';
import type { StorageAdapter } from './storage.ts';
import { createValidators } from './validators.ts';
import { createViewIndex } from './views.ts';
import { createViewQueries } from './view-queries.ts';

export interface EmbeddedEngine {
  /** `http://127.0.0.1:PORT`, without credentials. */
  url: string;
  /** The same with the credentials of this process's own administrator. */
  serviceUrl: string;
  port: number;
  close(): Promise<void>;
}

export interface EmbeddedEngineOptions {
  /** Where everything is kept; one process a directory. */
  directory: string;
  /** 0 takes any free port. */
  port: number;
  adapter?: StorageAdapter;
  /** Signs in with this password instead of the stored one. */
  administrator?: { name: 'admin'; password: string };
  /** Users with Basic credentials, for tests. */
  plainUsers?: boolean;
  log: Log;
  /** Milliseconds after which an unused database is closed. */
  idleMilliseconds?: number;
}

async function administratorOf(options: EmbeddedEngineOptions): Promise<PasswordHash> {
  if (options.administrator) return await hashPassword(options.administrator.password);
  await ensureAdministrator(options.directory);
  return (await readAdministrator(options.directory)) as PasswordHash;
}

async function engineUuid(directory: string): Promise<string> {
  const file = join(directory, 'uuid');
  const stored = await readFile(file, 'utf8').catch(() => null);
  if (stored !== null) return stored;
  const uuid = randomUUID().replaceAll('-', '');
  await writePrivateFile(file, uuid);
  return uuid;
}

/**
 * Starts a CouchDB for one machine on loopback, over PouchDB. While it runs, `<directory>/engine.json`
 * (readable by its owner only) tells other commands of the same user how to reach it.
 */
export async function startEmbeddedEngine(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
  const { directory, log, adapter = 'leveldb', idleMilliseconds = 60_000 } = options;
  const unlock = await lockDirectory(directory);
  try {
    return await startLocked(options, { directory, log, adapter, idleMilliseconds, unlock });
  } catch (error) {
    await unlock();
    throw error;
  }
}

interface Resolved {
  directory: string;
  log: Log;
  adapter: StorageAdapter;
  idleMilliseconds: number;
  unlock: () => Promise<void>;
}

async function startLocked(options: EmbeddedEngineOptions, resolved: Resolved): Promise<EmbeddedEngine> {
  const { directory, log, adapter, idleMilliseconds, unlock } = resolved;
  const registry = await createDatabaseRegistry({
    directory: join(directory, 'databases'),
    adapter,
    idleMilliseconds,
  });
  const compaction = createCompaction({
    revisions: 200,
    restMilliseconds: 10_000,
    onError: (error) => log.warn({ err: error }, 'embedded engine: compaction failed'),
  });
  const { router, credentials } = await createParts(options, { registry, compaction });
  const server = createServer({ maxHeaderSize: 32_768, requestTimeout: 0 }, router);
  server.keepAliveTimeout = 65_000;
  const port = await listen(server, options.port);
  const { name, password } = credentials.service;
  const serviceUrl = `http://${name}:${password}@127.0.0.1:${port}`;
  const engineFile = join(directory, 'engine.json');
  await writePrivateFile(engineFile, JSON.stringify({ serviceUrl, pid: process.pid }));
  return {
    url: `http://127.0.0.1:${port}`,
    serviceUrl,
    port,
    async close() {
      await rm(engineFile, { force: true });
      await closeServer(server);
      await compaction.close();
      await registry.close();
      await unlock();
    },
  };
}

async function createParts(
  options: EmbeddedEngineOptions,
  {
    registry,
    compaction,
  }: {
    registry: Awaited<ReturnType<typeof createDatabaseRegistry>>;
    compaction: ReturnType<typeof createCompaction>;
  },
): Promise<{ router: ReturnType<typeof createRouter>; credentials: ReturnType<typeof createCredentials> }> {
  const { directory } = options;
  const limits = defaultLimits;
  const functions = createDesignFunctions({ milliseconds: limits.functionMilliseconds });
  const validators = createValidators({ functions });
  const index = createViewIndex({ functions });
  const writes = createRevisionWrites({ limits, functions, validators, onReplaced: compaction.note });
  const sessions = createSessions();
  const keys = await createSigningKeys({ directory });
  const plainUsers = options.plainUsers ? await createPlainUsers() : null;
  const administrator = await administratorOf(options);
  const credentials = createCredentials({
    administrator,
    verifier: createPasswordVerifier(),
    sessions,
    keys,
    plainUsers,
  });
  const express = createExpressRoutes();
  const updates = createDatabaseUpdatesFeed({ registry });
  const uuid = await engineUuid(directory);
  const router = createRouter({
    limits,
    credentials,
    fauxton: createFauxton(),
    server: createServerRoutes({ registry, credentials, sessions, keys, plainUsers, updates, uuid }),
    databases: createDatabaseRoutes({
      registry,
      compaction,
      index,
      documents: createDocumentRoutes({ writes }),
      attachments: createAttachmentRoutes({ writes }),
      bulk: createBulkRoutes({ writes }),
      queries: createQueryRoutes({ express, views: createViewQueries({ index }) }),
      find: createFindRoutes({ express, afterIndexWrite: validators.forget }),
      changes: createChangesFeed({ functions }),
    }),
    log: options.log,
  });
  return { router, credentials };
}
