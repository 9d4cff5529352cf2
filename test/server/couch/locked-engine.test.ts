import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectCouch } from '../../../server/couch/connect-couch.ts';
import type { Couch } from '../../../server/couch/couch.ts';
import { createKeyring, type Keyring } from '../../../server/couch/keyring.ts';
import { createLog } from '../../../server/log.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { startEngineRelay, type EngineRelay } from './engine-relay.ts';
import { engineFetch } from './open-couch.ts';

let engine: TestEngine;
let relay: EngineRelay;
let directory: string;
let keyring: Keyring;
let couch: Couch;
let now: Date;
let logged: string;
const log = createLog({ level: 'info', destination: { write: (line) => void (logged += line) } });

beforeEach(async () => {
  logged = '';
  now = new Date();
  engine = await startTestEngine();
  relay = await startEngineRelay(engine.url);
  directory = await mkdtemp(join(tmpdir(), 'settee-locked-'));
  keyring = await createKeyring({ directory, log, watchMilliseconds: 20, clock: () => now });
  couch = await connect();
});
afterEach(async () => {
  await couch.close();
  for (const { kid } of keyring.enginePublicKeys()) {
    await engineFetch(engine.url, `/_node/_local/_config/jwt_keys/ec:${kid}`, { method: 'DELETE' });
  }
  keyring.close();
  await relay.close();
  await engine.stop();
  await rm(directory, { recursive: true, force: true });
});

function connect(): Promise<Couch> {
  return connectCouch({ url: relay.url, prefix: engine.prefix, keyring, log, checkKeysMilliseconds: 100 });
}

let users = 0;
/** The key that a new token for the engine is signed with. */
async function signer(): Promise<string | undefined> {
  users += 1;
  return decodeProtectedHeader(await couch.engineToken({ userId: `u${users}`, roles: [] })).kid;
}

const lock = (): void =>
  relay.rule({ passes: ({ method, url }) => method === 'GET' || !url.includes('/_config/') });

describe('an engine whose configuration is locked', () => {
  it('is called with the key it has, over a rotation and a restart, until it is given the new one', async () => {
    const [first] = keyring.enginePublicKeys();
    lock();
    await keyring.rotate();
    const [second] = keyring.enginePublicKeys();
    await vi.waitFor(() => expect(logged).toContain(`ec:${second?.kid}`), 15_000);
    now = new Date(now.getTime() + 3_600_000);
    await vi.waitFor(() => expect(keyring.jwks().keys).toHaveLength(1), 15_000);
    expect(await signer()).toBe(first?.kid);

    await couch.close();
    couch = await connect();
    expect(await signer()).toBe(first?.kid);

    relay.rule({});
    await vi.waitFor(async () => expect(await signer()).toBe(second?.kid), 15_000);
  });

  it('is not called with a new key that one of its nodes does not have', async () => {
    const [first] = keyring.enginePublicKeys();
    let asked = 0;
    // The node takes the key, and its answer is lost each time: as good as a second node that refuses it.
    relay.rule({ passes: ({ url }) => !url.includes('/_config/jwt_keys/') || (asked += 1) === 0 });
    await keyring.rotate();
    const [second] = keyring.enginePublicKeys();
    await engineFetch(engine.url, `/_node/_local/_config/jwt_keys/ec:${second?.kid}`, {
      method: 'PUT',
      body: second?.pem.trim().replaceAll('\n', String.raw`\n`),
    });
    await vi.waitFor(() => expect(logged).toContain('"acceptance":"accepted"'), 15_000);
    expect(asked).toBeGreaterThan(0);
    expect(await signer()).toBe(first?.kid);
    relay.rule({});
    await vi.waitFor(async () => expect(await signer()).toBe(second?.kid), 15_000);
  });
});

it('a check of the keys that is under way when the connection is closed ends in silence', async () => {
  for (let round = 0; round < 5; round += 1) {
    await keyring.rotate();
    await couch.close();
    couch = await connect();
  }
  await couch.close();
  await relay.close();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(logged).not.toContain('"level":50');
});
