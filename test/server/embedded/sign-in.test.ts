import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportSPKI, generateKeyPair, SignJWT, type GenerateKeyPairResult } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureAdministrator, startEmbeddedEngine } from '../../../server/embedded/index.ts';
import { createLog } from '../../../server/log.ts';
import { startEmbeddedTestEngine, type TestEngine } from '../../support/engine.ts';
import { basic, couchClient, databaseName, type CouchClient } from './couch-client.ts';

let engine: TestEngine;
let call: CouchClient;
let anonymous: CouchClient;
let keys: GenerateKeyPairResult;

beforeAll(async () => {
  engine = await startEmbeddedTestEngine();
  call = couchClient(engine.url);
  anonymous = couchClient(new URL(engine.url).origin);
  keys = await generateKeyPair('ES256');
  const pem = (await exportSPKI(keys.publicKey)).replaceAll('\n', '\\n');
  expect((await call('PUT', '/_node/_local/_config/jwt_keys/ec:one', pem, {})).status).toBe(400);
  expect((await call('PUT', '/_node/_local/_config/jwt_keys/ec:one', JSON.stringify(pem))).json).toBe('');
});
afterAll(() => engine.stop());

function token(claims: object, header: object = {}, key = keys.privateKey): Promise<string> {
  return new SignJWT({ sub: 'u1', exp: Math.floor(Date.now() / 1000) + 60, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'one', ...header })
    .sign(key);
}

const bearer = async (claims: object, header?: object): Promise<Record<string, string>> => ({
  authorization: `Bearer ${await token(claims, header)}`,
});

describe('sign-in', () => {
  it('knows the administrator by Basic credentials and by session, and ends the session', async () => {
    const signedIn = await anonymous('POST', '/_session', { name: 'admin', password: 'secret' });
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    expect((await anonymous('GET', '/_all_dbs', undefined, { cookie })).status).toBe(200);
    expect((await anonymous('GET', '/_session', undefined, { cookie })).json.userCtx).toEqual({
      name: 'admin',
      roles: ['_admin'],
    });
    expect((await anonymous('GET', '/_all_dbs', undefined, { cookie: `${cookie}x` })).status).toBe(401);
    expect((await anonymous('DELETE', '/_session')).headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await anonymous('POST', '/_session', { name: 'admin', password: 'wrong' })).status).toBe(401);
    expect((await anonymous('GET', '/', undefined, { authorization: basic('admin', 'wrong') })).status).toBe(
      401,
    );
  });

  it('refuses everything but the greeting to strangers, and has no users of its own', async () => {
    for (const path of ['/_all_dbs', '/_membership', '/userdb-61', '/_uuids', '/_node/_local/_config']) {
      expect((await anonymous('GET', path)).status, path).toBe(401);
    }
    expect((await anonymous('GET', '/_up')).status).toBe(200);
    expect(
      (await anonymous('GET', '/', undefined, { authorization: basic('alice', 'alicepw') })).status,
    ).toBe(401);
    expect(
      (
        await call('PUT', '/_users/org.couchdb.user:bob', {
          name: 'bob',
          password: 'x',
          roles: [],
          type: 'user',
        })
      ).status,
    ).toBe(404);
  });

  it('reads name and roles from a token and judges membership by them', async () => {
    const db = `/${databaseName()}`;
    await call('PUT', db);
    await call('PUT', `${db}/_security`, { members: { roles: ['space:1'] } });
    const member = await bearer({ '_couchdb.roles': ['space:1'] });
    expect((await anonymous('GET', '/_session', undefined, member)).json.userCtx).toEqual({
      name: 'u1',
      roles: ['space:1'],
    });
    expect((await anonymous('PUT', `${db}/a`, {}, member)).status).toBe(201);
    expect(
      (await anonymous('GET', db, undefined, await bearer({ '_couchdb.roles': ['space:2'] }))).status,
    ).toBe(403);
    expect((await anonymous('PUT', `/${databaseName()}`, undefined, member)).status).toBe(401);
  });

  it('refuses tokens that are over, altered, unsigned, of another key or algorithm, or without an end', async () => {
    const other = await generateKeyPair('ES256');
    const good = await token({});
    const [head, , signature] = good.split('.');
    const claims = Buffer.from(JSON.stringify({ sub: 'x', exp: 9e9, '_couchdb.roles': ['_admin'] })).toString(
      'base64url',
    );
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${claims}.`;
    const secret = new TextEncoder().encode(await exportSPKI(keys.publicKey));
    const hmac = new SignJWT({ sub: 'x', exp: 9e9 })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: 'one' })
      .sign(secret);
    const now = Math.floor(Date.now() / 1000);
    const bad: [string, number][] = [
      [await token({ exp: now - 1 }), 401],
      [await token({}, {}, other.privateKey), 400],
      [await token({}, { kid: 'two' }), 400],
      [`${head ?? ''}.${claims}.${signature ?? ''}`, 400],
      [none, 400],
      [await hmac, 400],
      [await token({ exp: undefined }), 400],
      ['nonsense', 400],
    ];
    for (const [value, status] of bad) {
      expect(
        (await anonymous('GET', '/_session', undefined, { authorization: `Bearer ${value}` })).status,
      ).toBe(status);
    }
    expect((await anonymous('GET', '/_uuids', undefined, { authorization: `bearer ${good}` })).status).toBe(
      401,
    );
  });

  it('forgets a key that was removed', async () => {
    const pair = await generateKeyPair('ES256');
    const pem = (await exportSPKI(pair.publicKey)).replaceAll('\n', '\\n');
    await call('PUT', '/_node/nonode@nohost/_config/jwt_keys/ec:gone', JSON.stringify(pem));
    const headers = { authorization: `Bearer ${await token({}, { kid: 'gone' }, pair.privateKey)}` };
    expect((await anonymous('GET', '/_session', undefined, headers)).status).toBe(200);
    await call('DELETE', '/_node/_local/_config/jwt_keys/ec:gone');
    expect((await anonymous('GET', '/_session', undefined, headers)).status).toBe(400);
  });
});

describe('the directory', () => {
  it('keeps the administrator’s password as a hash and shows a new one once', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'settee-admin-'));
    const { created } = await ensureAdministrator(directory);
    const file = join(directory, 'administrator.json');
    expect(await readFile(file, 'utf8')).not.toContain(created);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await ensureAdministrator(directory)).toEqual({});
    const running = await startEmbeddedEngine({
      directory,
      port: 0,
      adapter: 'memory',
      log: createLog({ level: 'silent' }),
    });
    const signIn = (password: string) =>
      couchClient(running.url)('POST', '/_session', { name: 'admin', password });
    expect((await signIn(created as string)).status).toBe(200);
    await running.close();
    await ensureAdministrator(directory, 'chosen');
    const again = await startEmbeddedEngine({
      directory,
      port: 0,
      adapter: 'memory',
      log: createLog({ level: 'silent' }),
    });
    expect(
      (await couchClient(again.url)('POST', '/_session', { name: 'admin', password: 'chosen' })).status,
    ).toBe(200);
    await again.close();
    await rm(directory, { recursive: true });
  });

  it('belongs to one engine at a time, and tells its owner how to reach it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'settee-lock-'));
    const options = { directory, port: 0, log: createLog({ level: 'silent' }) } as const;
    const first = await startEmbeddedEngine(options);
    await expect(startEmbeddedEngine(options)).rejects.toThrow(/Another process/);
    const { serviceUrl, pid } = JSON.parse(await readFile(join(directory, 'engine.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect([serviceUrl, pid]).toEqual([first.serviceUrl, process.pid]);
    expect((await couchClient(first.serviceUrl)('GET', '/_all_dbs')).json).toEqual([]);
    await first.close();
    await expect(stat(join(directory, 'engine.json'))).rejects.toThrow();
    const second = await startEmbeddedEngine(options);
    await second.close();
    await rm(directory, { recursive: true });
  });
});
