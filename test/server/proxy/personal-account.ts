import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import PouchDB from 'pouchdb';
import memoryAdapter from 'pouchdb-adapter-memory';
import { personalDatabase } from '../../../schema/index.ts';
import { createLog } from '../../../server/log.ts';
import { createProxy, type Proxy, type ProxyOptions } from '../../../server/proxy/proxy.ts';
import type { Role } from '../../../server/spaces/spaces.ts';
import type { TestAccount, TestSettee } from '../../support/settee.ts';

PouchDB.plugin(memoryAdapter);

/** A user with a database, and how to ask for it. */
export interface PersonalAccount extends TestAccount {
  database: string;
  databaseUrl: string;
  /** Asks below `/db`; the path begins with a slash. JSON bodies are given as values. */
  ask(path: string, options?: AskOptions): Promise<Response>;
  /** The same below the user's own database. */
  own(path: string, options?: AskOptions): Promise<Response>;
}

export interface AskOptions {
  method?: string;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  token?: string;
}

/** Registers somebody at the server; `at` is another address that leads to the same databases. */
export async function registerPersonal(settee: TestSettee, at?: string): Promise<PersonalAccount> {
  const account = await settee.register();
  const database = personalDatabase(account.user.id, settee.config.databasePrefix);
  const root = at ?? `${settee.url}/db`;
  const ask = (path: string, options: AskOptions = {}): Promise<Response> => {
    const { json, token = account.accessToken, headers = {}, ...rest } = options;
    return fetch(root + path, {
      ...rest,
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      headers: {
        authorization: `Bearer ${token}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
  };
  return {
    ...account,
    database,
    databaseUrl: `${root}/${database}`,
    ask,
    own: (path, options) => ask(`/${database}${path}`, options),
  };
}

/** A PouchDB with default options on a remote database; `token` is asked before every request. */
export function remotePouch(url: string, token: () => string | Promise<string>): PouchDB.Database {
  return new PouchDB(url, {
    fetch: async (address, options) => {
      const headers = new Headers(options?.headers);
      headers.set('authorization', `Bearer ${await token()}`);
      return PouchDB.fetch(address, { ...options, headers: Object.fromEntries(headers) });
    },
  });
}

let localDatabases = 0;

export function localPouch(): PouchDB.Database {
  localDatabases += 1;
  return new PouchDB(`local-${process.pid}-${localDatabases}`, { adapter: 'memory' });
}

/** Waits until the check holds; fails with the last reason. */
export async function eventually(check: () => unknown, milliseconds = 15_000): Promise<void> {
  const until = Date.now() + milliseconds;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    }
  }
}

/** A proxy of its own over a server's services, for tests that change what it stands on. */
export async function startProxy(
  settee: TestSettee,
  changes: Partial<ProxyOptions> = {},
): Promise<{ url: string; proxy: Proxy; connections(): Promise<number>; stop(): Promise<void> }> {
  const proxy = createProxy({ ...settee.services, log: createLog({ level: 'silent' }), ...changes });
  const server: Server = createServer(express().use('/db', proxy));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/db`,
    proxy,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      await proxy.close({ waitMilliseconds: 1000 });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The server's spaces, in which everybody has this role in spaces of their own. */
export function spacesWithRole(settee: TestSettee, role: Role): ProxyOptions['spaces'] {
  const { spaces } = settee.services;
  return {
    access: async (userId, database) => {
      const access = await spaces.access(userId, database);
      if (access === null) return null;
      const engineRoles = [`space:${access.space.id}`, `space:${access.space.id}:${role}`];
      return { ...access, role, engineRoles };
    },
    endedFor: (userId, database) => spaces.endedFor(userId, database),
    monthState: (access) => spaces.monthState(access),
    provisionMonth: (access) => spaces.provisionMonth(access),
    onRevoked: (listener) => spaces.onRevoked(listener),
    moves: spaces.moves,
  };
}
