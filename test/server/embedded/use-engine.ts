import { afterAll, beforeAll } from 'vitest';
import { startEmbeddedTestEngine, type TestEngine, type TestEngineOptions } from '../../support/engine.ts';
import { couchClient, databaseName, type CouchClient } from './couch-client.ts';

export interface EngineInUse {
  /** Speaks to the engine as its administrator. */
  call: CouchClient;
  /** Makes a database and gives its path. */
  newDatabase: () => Promise<string>;
}

/** The embedded engine for all tests of a file. */
export function useEngine(options: TestEngineOptions = {}): EngineInUse {
  let engine: TestEngine | undefined;
  let client: CouchClient | undefined;
  beforeAll(async () => {
    engine = await startEmbeddedTestEngine(options);
    client = couchClient(engine.url);
  });
  afterAll(() => engine?.stop());
  const call: CouchClient = (...asked) => {
    if (!client) throw new Error('The engine starts before the first test.');
    return client(...asked);
  };
  return {
    call,
    async newDatabase() {
      const db = `/${databaseName()}`;
      const { status } = await call('PUT', db);
      if (status !== 201) throw new Error(`Making a database answered ${status}.`);
      return db;
    },
  };
}
