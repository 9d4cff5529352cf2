import nano from 'nano';
import { databasePrefixPattern } from '../../schema/index.ts';
import { SetupError } from '../errors.ts';
import type { Log } from '../log.ts';
import { checkEngine, createSystemDatabases } from './check-engine.ts';
import type { Couch, EnginePrincipal, FollowOptions } from './couch.ts';
import { completeDatabase, createDatabase } from './create-database.ts';
import { layoutOf, shippedDesignDocuments, type DesignDocuments } from './database-layout.ts';
import { engineStatus, orNull } from './engine-error.ts';
import { createEngineHttp, withSignal, type EngineHttp } from './engine-http.ts';
import { createEngineKeys } from './engine-keys.ts';
import { followChanges } from './follow.ts';
import { followDatabaseUpdates } from './follow-database-updates.ts';
import type { Keyring } from './keyring.ts';
import { listDatabases } from './list-databases.ts';
import { createNodeConfig } from './node-config.ts';
import { noteWrites } from './note-writes.ts';
import { readLeaves } from './read-leaves.ts';
import { rollOut } from './roll-out.ts';
import { createUserTokens } from './user-tokens.ts';

export interface ConnectCouchOptions {
  /** With an administrator's credentials. */
  url: string;
  /** DATABASE_PREFIX; empty by default. */
  prefix?: string;
  keyring: Keyring;
  log: Log;
  /** What to install; the documents shipped with this version by default. */
  designDocuments?: DesignDocuments;
  /** Called after each write of documents through `admin` and `as`; not for `_local`. */
  onWrite?: (database: string) => void;
  /** How often the engine is asked whether it still has our keys; a minute by default. */
  checkKeysMilliseconds?: number;
}

/**
 * Connects to the engine, embedded or CouchDB: checks what it is, gives it our keys and its system databases. Throws
 * SetupError with words that say how to mend it.
 */
export async function connectCouch(options: ConnectCouchOptions): Promise<Couch> {
  const { prefix = '', keyring, log, designDocuments = shippedDesignDocuments } = options;
  if (!databasePrefixPattern.test(prefix)) {
    throw new SetupError(
      `DATABASE_PREFIX must be lower-case letters and digits with a dash at the end, such as "x-".`,
    );
  }
  const http = createEngineHttp(options.url);
  const server = await checkEngine(http);
  if (server.vendor === 'couchdb') await createSystemDatabases(http);
  const everyMilliseconds = options.checkKeysMilliseconds ?? 60_000;
  const closing = new AbortController();
  const untilClosed = withSignal(http, closing.signal);
  const keys = createEngineKeys({
    http: untilClosed,
    config: createNodeConfig(untilClosed),
    keyring,
    server,
    log,
    everyMilliseconds,
  });
  await keys.ensure().catch(async (error: unknown) => {
    closing.abort();
    await keys.close();
    throw error;
  });
  const tokenOf = createUserTokens({ keyring, trusted: keys.trusted });
  const admin = scope(http, () => http.authorization);
  const { onWrite = () => undefined } = options;
  const noted = <D>(from: nano.ServerScope, database: string): nano.DocumentScope<D> =>
    noteWrites(from.use<D>(database), () => onWrite(database));

  return {
    origin: http.origin,
    prefix,
    server,
    admin: (database) => noted(admin, database),
    as: (database, principal) =>
      noted(
        scope(http, () => `Bearer ${tokenOf(principal)}`),
        database,
      ),
    engineToken: async (principal: EnginePrincipal) => tokenOf(principal),
    createDatabase: (name, kind, spaceId) =>
      createDatabase(admin, name, { kind, ...(spaceId === undefined ? {} : { spaceId }) }, designDocuments),
    async deleteDatabase(name) {
      await orNull(admin.db.destroy(name)).catch(async (error: unknown) => {
        // CouchDB answers 500 `badarg` to the slower of two deletions at once.
        if (await databaseExists(admin, name)) throw error;
      });
    },
    exists: (name) => databaseExists(admin, name),
    databases: (range) => listDatabases(http, prefix, range),
    readLeaves: (leaves) => readLeaves({ ...leaves, http }),
    follow: (database, follow) => void followUntilClosed(database, follow),
    followDatabaseUpdates: (follow) => {
      const signal = AbortSignal.any([follow.signal, closing.signal]);
      void followDatabaseUpdates({ ...follow, signal, http, prefix, log });
    },
    async rollOut(rollOutOptions = {}) {
      const complete = (database: string) => {
        const layout = layoutOf(database, prefix);
        return layout
          ? completeDatabase(admin, database, layout, designDocuments)
          : Promise.resolve('current' as const);
      };
      return rollOut(await listDatabases(http, prefix), complete, rollOutOptions);
    },
    async close() {
      closing.abort();
      await keys.close();
    },
  };

  function followUntilClosed(database: string, follow: FollowOptions): Promise<void> {
    let broken = false;
    const onState = (fresh: boolean): void => {
      // An engine that was restarted may have lost what was set at run time.
      if (fresh && broken) keys.ensureSoon();
      broken = !fresh;
      follow.onState?.(fresh);
    };
    const signal = AbortSignal.any([follow.signal, closing.signal]);
    return followChanges({ ...follow, onState, signal, http, database, log });
  }
}

/** A nano client that asks for its `Authorization` anew for each request. */
function scope(http: EngineHttp, authorization: () => string): nano.ServerScope {
  // nano copies its headers into every request, and so reads the getter each time.
  const headers = Object.defineProperty({}, 'Authorization', { enumerable: true, get: authorization });
  // A path in the address is no database; the setting is missing in nano's types.
  const configuration = { url: http.origin, parseUrl: false, headers };
  return nano(configuration);
}

async function databaseExists(server: nano.ServerScope, name: string): Promise<boolean> {
  try {
    await server.request({ db: name, method: 'HEAD' });
    return true;
  } catch (error) {
    if (engineStatus(error) === 404) return false;
    throw error;
  }
}
