import PouchDB from 'pouchdb';
import memoryAdapter from 'pouchdb-adapter-memory';
import type { ServerProcess } from './servers.ts';

PouchDB.plugin(memoryAdapter);

/** An account for one measurement: its database through the proxy and straight at the engine. */
export interface Person {
  token: string;
  database: string;
  proxied: Endpoint;
  direct: Endpoint;
}

/** Where a database is and what to send along. */
export interface Endpoint {
  url: string;
  authorization: string;
}

let people = 0;

export async function newPerson(server: ServerProcess): Promise<Person> {
  people += 1;
  const registered = await json<{ accessToken: string }>(`${server.url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `bench-${process.pid}-${people}@example.org`, password: 'bench bench' }),
  });
  const token = registered.accessToken;
  const authorization = `Bearer ${token}`;
  const { spaces } = await json<{ spaces: { database: string; url: string }[] }>(`${server.url}/api/spaces`, {
    headers: { authorization },
  });
  const [space] = spaces;
  if (!space) throw new Error('A new account has no space.');
  const engine = new URL(server.engineUrl);
  const basic = `Basic ${Buffer.from(`${engine.username}:${engine.password}`).toString('base64')}`;
  return {
    token,
    database: space.database,
    proxied: { url: space.url, authorization },
    direct: { url: `${engine.origin}/${space.database}`, authorization: basic },
  };
}

export async function json<T>(url: string, init: RequestInit): Promise<T> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

export function remote(endpoint: Endpoint): PouchDB.Database {
  return new PouchDB(endpoint.url, {
    skip_setup: true,
    fetch(url, options) {
      const headers = new Headers(options?.headers);
      headers.set('authorization', endpoint.authorization);
      return PouchDB.fetch(url, { ...options, headers });
    },
  });
}

let locals = 0;

export function emptyLocal(): PouchDB.Database {
  locals += 1;
  return new PouchDB(`bench-${locals}`, { adapter: 'memory' });
}

/** Stores documents straight at the engine, 200 a request. */
export async function store(endpoint: Endpoint, docs: object[]): Promise<void> {
  for (let start = 0; start < docs.length; start += 200) {
    const results = await json<{ error?: string; reason?: string }[]>(`${endpoint.url}/_bulk_docs`, {
      method: 'POST',
      headers: { authorization: endpoint.authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ docs: docs.slice(start, start + 200) }),
    });
    const refused = results.find((result) => result.error);
    if (refused) throw new Error(`The engine refused a document: ${refused.reason}`);
  }
}
