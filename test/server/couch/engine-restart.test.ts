import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { personalDatabase, serverDatabaseName } from '../../../schema/index.ts';
import { connectCouch } from '../../../server/couch/connect-couch.ts';
import { createKeyring } from '../../../server/couch/keyring.ts';
import { startEmbeddedEngine, type EmbeddedEngine } from '../../../server/embedded/index.ts';
import { silentLog } from './open-couch.ts';

let directory: string;
let engine: EmbeddedEngine;

function start(port: number): Promise<EmbeddedEngine> {
  const administrator = { name: 'admin' as const, password: 'secret' };
  return startEmbeddedEngine({ directory, port, administrator, log: silentLog });
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settee-restart-'));
  engine = await start(0);
});

afterEach(async () => {
  await engine.close();
  await rm(directory, { recursive: true, force: true });
});

it('a connection outlives its engine: feeds resume, and a key that was lost is put back', async () => {
  const keyring = await createKeyring({ directory, log: silentLog });
  const url = `http://admin:secret@127.0.0.1:${engine.port}`;
  const couch = await connectCouch({ url, keyring, log: silentLog });
  const user = { userId: randomUUID(), roles: [] as string[] };
  user.roles = [`space:${user.userId}`];
  const database = personalDatabase(user.userId);
  await couch.createDatabase(database, 'space', user.userId);
  const jobs = serverDatabaseName('jobs');
  await couch.createDatabase(jobs, 'server');
  const seen: string[] = [];
  const states: boolean[] = [];
  const stopping = new AbortController();
  couch.follow(jobs, {
    signal: stopping.signal,
    onChange: ({ id }) => seen.push(id),
    onState: (fresh) => states.push(fresh),
  });
  await vi.waitFor(() => expect(states).toEqual([true]), 15_000);
  await couch.admin(jobs).insert({ _id: 'a' });
  await vi.waitFor(() => expect(seen).toEqual(['a']), 15_000);

  const { port } = engine;
  await engine.close();
  await vi.waitFor(() => expect(states.at(-1)).toBe(false), 15_000);
  await rm(join(directory, 'jwt-keys.json'));
  engine = await start(port);
  await couch.admin(jobs).insert({ _id: 'b' });
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), 15_000);
  expect(states.at(-1)).toBe(true);
  await vi.waitFor(() => couch.as(database, user).info(), 15_000);

  stopping.abort();
  await couch.close();
  keyring.close();
});
