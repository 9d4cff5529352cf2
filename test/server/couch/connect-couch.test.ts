import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isSupportedVersion } from '../../../server/couch/check-engine.ts';
import { connectCouch } from '../../../server/couch/connect-couch.ts';
import type { Couch } from '../../../server/couch/couch.ts';
import { createKeyring, type Keyring } from '../../../server/couch/keyring.ts';
import { SetupError } from '../../../server/errors.ts';
import { createLog } from '../../../server/log.ts';
import { startEngineRelay, type EngineRelay } from './engine-relay.ts';
import { engineFetch, openCouch, silentLog, type TestCouch } from './open-couch.ts';

let test: TestCouch;
let relay: EngineRelay;
let keyring: Keyring;
let directory: string;

beforeAll(async () => {
  test = await openCouch();
  directory = await mkdtemp(join(tmpdir(), 'settee-connect-'));
  keyring = await createKeyring({ directory, log: silentLog });
});

afterAll(async () => {
  keyring.close();
  await test.stop();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  relay = await startEngineRelay(test.url);
});

afterEach(() => relay.close());

async function refusal(url: string): Promise<string> {
  const error: unknown = await connectCouch({ url, prefix: test.prefix, keyring, log: silentLog }).then(
    (couch) => couch.close(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SetupError);
  return (error as SetupError).message;
}

/** Something that is no usable CouchDB. */
async function withServer(answer: object, work: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://admin:password@127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a connection', () => {
  it('knows the engine and keeps the credentials to itself', async () => {
    expect(test.couch.server.vendor).toBe(test.kind);
    expect(test.couch.origin).toMatch(/^http:\/\/[^@/]+$/);
    const { password } = new URL(test.url);
    const lines: string[] = [];
    const destination = new Writable({ write: (line, _, done) => (lines.push(String(line)), done()) });
    const couch = await test.another({ log: createLog({ level: 'debug', destination }) });
    const error: unknown = await couch
      .admin('settee-none')
      .get('none')
      .catch((reason: unknown) => reason);
    const basic = Buffer.from(`admin:${password}`).toString('base64');
    for (const text of [JSON.stringify(couch), JSON.stringify(error), ...lines]) {
      expect(text).not.toContain(basic);
      expect(text).not.toContain(`:${password}@`);
    }
  });

  it('has the system databases on CouchDB', async () => {
    if (test.kind === 'embedded') return;
    for (const name of ['_users', '_replicator', '_global_changes']) {
      expect((await engineFetch(test.url, `/${name}`)).status).toBe(200);
    }
  });

  it('measures how much the clocks differ', async () => {
    expect(Math.abs(test.couch.server.clockDifference)).toBeLessThan(3000);
    relay.rule({ clockMilliseconds: -90_000 });
    const couch: Couch = await test.another({ url: relay.url });
    expect(couch.server.clockDifference).toBeGreaterThan(-93_000);
    expect(couch.server.clockDifference).toBeLessThan(-87_000);
  });

  it('puts a lost key back', async () => {
    const [key] = test.keyring.enginePublicKeys();
    const path = `/_node/_local/_config/jwt_keys/ec:${key?.kid}`;
    await engineFetch(test.url, path, { method: 'DELETE' });
    expect((await engineFetch(test.url, path)).status).toBe(404);
    await test.another({ checkKeysMilliseconds: 60_000 });
    expect((await engineFetch(test.url, path)).status).toBe(200);
  });

  it('lists the databases of its own prefix only', async () => {
    const name = `${test.prefix}space-listed`;
    await test.couch.createDatabase(name, 'space', 'listed');
    expect(await test.couch.databases()).toContain(name);
    expect(await test.couch.databases({ startKey: name, endKey: name })).toEqual([name]);
    expect(await test.couch.exists(name)).toBe(true);
    const other = await test.another({ prefix: `${test.prefix.slice(0, -1)}x-` });
    expect(await other.databases()).toEqual([]);
    await test.couch.deleteDatabase(name);
    await test.couch.deleteDatabase(name);
    expect(await test.couch.exists(name)).toBe(false);
  });
});

describe('a set-up that does not work is explained:', () => {
  it('no address', async () => {
    expect(await refusal('localhost:5984')).toMatch(
      /not an address such as http:\/\/admin:password@host:5984/,
    );
  });

  it('no credentials', async () => {
    expect(await refusal('http://127.0.0.1:5984')).toMatch(/has no credentials/);
  });

  it('nobody there', async () => {
    await relay.close();
    const message = await refusal(relay.url);
    expect(message).toMatch(/cannot be reached \(ECONNREFUSED\)/);
    expect(message).not.toContain(new URL(relay.url).password);
    relay = await startEngineRelay(test.url);
  });

  it('a wrong password', async () => {
    const url = new URL(test.url);
    url.password = 'wrong-password';
    const message = await refusal(url.href);
    expect(message).toMatch(/does not accept the name and password/);
    expect(message).not.toContain('wrong-password');
  });

  it('a CouchDB that is too old', async () => {
    await withServer({ couchdb: 'Welcome', version: '3.3.3' }, async (url) => {
      expect(await refusal(url)).toMatch(/is version 3\.3\.3; Settee needs 3\.4 or newer/);
    });
    expect(['3.4.0', '3.5.1', '4.0.0-rc1', '10.0'].every(isSupportedVersion)).toBe(true);
    expect(['3.3.9', '2.9.0', '1.6', 'x'].some(isSupportedVersion)).toBe(false);
  });

  it('something else', async () => {
    await withServer({ hello: 'world' }, async (url) => {
      expect(await refusal(url)).toMatch(/is not CouchDB/);
    });
  });

  it('a user who is no administrator', async () => {
    const answer = { couchdb: 'Welcome', version: '3.5.0', userCtx: { name: 'alice', roles: [] } };
    await withServer(answer, async (url) => {
      expect(await refusal(url)).toMatch(/alice in COUCHDB_URL is not an administrator/);
    });
  });

  it('no handler for tokens, and a configuration that may not be changed', async () => {
    relay.rule({
      passes: ({ method, url }) => !(method === 'PUT' && url.includes('_config')),
      headers: ({ authorization, ...headers }) =>
        authorization?.startsWith('Bearer') ? headers : { ...headers, authorization },
    });
    const message = await refusal(relay.url);
    const [key] = keyring.enginePublicKeys();
    expect(message).toMatch(/refuses Settee's tokens/);
    expect(message).toMatch(/^authentication_handlers = \{chttpd_auth, jwt_authentication_handler\}, /m);
    expect(message).toMatch(/^required_claims = exp$/m);
    const line = message.split('\n').find((text) => text.startsWith(`ec:${key?.kid} = `));
    expect(line?.split(' = ')[1]?.replaceAll(String.raw`\n`, '\n')).toBe(key?.pem.trim());
  });

  it('a clock that is far ahead', async () => {
    relay.rule({
      clockMilliseconds: 300_000,
      headers: ({ authorization, ...headers }) =>
        authorization?.startsWith('Bearer') ? headers : { ...headers, authorization },
    });
    expect(await refusal(relay.url)).toMatch(/its clock is (299|300|301) s ahead of this machine's/);
  });

  it('a prefix that is no name', async () => {
    const connecting = connectCouch({ url: test.url, prefix: 'No Name', keyring, log: silentLog });
    await expect(connecting).rejects.toThrow(/DATABASE_PREFIX/);
  });
});
