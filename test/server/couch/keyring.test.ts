import { createHmac, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, importSPKI, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKeyFile } from '../../../server/couch/key-file.ts';
import { createKeyring, type Keyring, type KeyringOptions } from '../../../server/couch/keyring.ts';
import { SetupError } from '../../../server/errors.ts';
import { createLog } from '../../../server/log.ts';

const log = createLog({ level: 'silent' });
let directory: string;
let opened: Keyring[];

async function open(options: Partial<KeyringOptions> = {}): Promise<Keyring> {
  const keyring = await createKeyring({ directory, log, watchMilliseconds: 20, ...options });
  opened.push(keyring);
  return keyring;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'settee-keys-'));
  opened = [];
});

afterEach(async () => {
  for (const keyring of opened) keyring.close();
  await rm(directory, { recursive: true, force: true });
});

describe('the key file', () => {
  it('is made at the first start, for its owner only, and kept', async () => {
    const first = await open();
    expect((await stat(join(directory, 'keys.json'))).mode & 0o777).toBe(0o600);
    const second = await open();
    expect(second.jwks()).toEqual(first.jwks());
    expect(second.enginePublicKeys()).toEqual(first.enginePublicKeys());
  });

  it('is the same for processes that start at once', async () => {
    const keyrings = await Promise.all(Array.from({ length: 8 }, () => open()));
    expect(new Set(keyrings.map((keyring) => JSON.stringify(keyring.jwks()))).size).toBe(1);
  });

  it('gives a lock left by a dead process up', async () => {
    await writeFile(join(directory, 'keys.json.lock'), '');
    await utimes(join(directory, 'keys.json.lock'), 0, 0);
    await expect(open()).resolves.toBeDefined();
  });

  it('is written by one process at a time, also where a dead one left its lock', async () => {
    await open();
    const file = createKeyFile(join(directory, 'keys.json'));
    const lock = join(directory, 'keys.json.lock');
    for (let round = 0; round < 5; round += 1) {
      await writeFile(lock, 'somebody');
      await utimes(lock, 0, 0);
      const numbers = Array.from({ length: 10 }, (_, n) => `${round}-${n}`);
      await Promise.all(
        numbers.map((number) =>
          file.update((content) => content && { ...content, dropped: [...content.dropped, number] }),
        ),
      );
      expect((await file.read())?.dropped).toEqual(expect.arrayContaining(numbers));
    }
    expect((await readdir(directory)).toSorted()).toEqual(['keys.json']);
  });

  it('leaves a lock that is no longer its own', async () => {
    await open();
    const lock = join(directory, 'keys.json.lock');
    await createKeyFile(join(directory, 'keys.json')).update(() => {
      writeFileSync(lock, 'another');
      return null;
    });
    expect(await readFile(lock, 'utf8')).toBe('another');
    await rm(lock);
  });

  it('is refused with a clear message when it is broken', async () => {
    await writeFile(join(directory, 'keys.json'), '{"version":1,"keys":[{');
    await expect(open()).rejects.toThrow(SetupError);
    await expect(open()).rejects.toThrow(/keys\.json cannot be understood/);
  });

  it('shows no private part in what is published', async () => {
    const keyring = await open();
    expect(new Set(Object.keys(keyring.jwks().keys[0] ?? {}))).toEqual(
      new Set(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']),
    );
    expect(keyring.enginePublicKeys()[0]?.pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
  });
});

describe('access tokens', () => {
  it('carry their claims and verify by the published keys', async () => {
    const keyring = await open();
    const token = await keyring.signAccess({ sub: 'u1', sid: 's1' }, 900);
    expect(await keyring.verifyAccess(token)).toMatchObject({
      sub: 'u1',
      sid: 's1',
      iss: 'settee',
      aud: 'settee',
    });
    const { payload } = await jwtVerify(token, createLocalJWKSet(keyring.jwks()), { algorithms: ['ES256'] });
    expect(payload.exp).toBe((payload.iat ?? 0) + 900);
    expect(decodeProtectedHeader(token).kid).toMatch(/^[a-z]/);
  });

  it('are refused when expired, altered or signed by another key', async () => {
    let now = new Date();
    const keyring = await open({ clock: () => now });
    const token = await keyring.signAccess({ sub: 'u1' }, 900);
    const [header, , signature] = token.split('.');
    const claims = { sub: 'u2', iss: 'settee', aud: 'settee', iat: 1, exp: 9_999_999_999 };
    const altered = `${header}.${encode(claims)}.${signature}`;
    await expect(keyring.verifyAccess(altered)).rejects.toMatchObject({ code: 'unauthorized' });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { kid = '' } = decodeProtectedHeader(token);
    const stranger = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
      .sign(privateKey);
    await expect(keyring.verifyAccess(stranger)).rejects.toMatchObject({ code: 'unauthorized' });
    now = new Date(now.getTime() + 901_000);
    await expect(keyring.verifyAccess(token)).rejects.toMatchObject({ code: 'token_expired', status: 401 });
  });

  it('are refused without a signature or with another algorithm', async () => {
    const keyring = await open();
    const [jwk] = keyring.jwks().keys;
    const claims = encode({ sub: 'u1', iss: 'settee', aud: 'settee', iat: 1, exp: 9_999_999_999 });
    const none = `${encode({ alg: 'none', typ: 'JWT', kid: jwk?.kid })}.${claims}.`;
    const input = `${encode({ alg: 'HS256', typ: 'JWT', kid: jwk?.kid })}.${claims}`;
    const confused = `${input}.${createHmac('sha256', JSON.stringify(jwk)).update(input).digest('base64url')}`;
    for (const token of [none, confused, 'nonsense', '', 'a.b.c']) {
      await expect(keyring.verifyAccess(token)).rejects.toMatchObject({ code: 'unauthorized' });
    }
  });

  it('are not engine tokens, and engine tokens are not access tokens', async () => {
    const keyring = await open();
    const engineToken = await keyring.signEngine({ sub: 'u1', roles: ['space:u1'], seconds: 60 });
    await expect(keyring.verifyAccess(engineToken)).rejects.toMatchObject({ code: 'unauthorized' });
    const engineKids = keyring.enginePublicKeys().map(({ kid }) => kid);
    const accessToken = await keyring.signAccess({ sub: 'u1' }, 60);
    expect(engineKids).not.toContain(decodeProtectedHeader(accessToken).kid);
    const publicKey = await importSPKI(keyring.enginePublicKeys()[0]?.pem ?? '', 'ES256');
    const { payload } = await jwtVerify(engineToken, publicKey);
    expect(payload).toMatchObject({ iss: 'settee-proxy', sub: 'u1', '_couchdb.roles': ['space:u1'] });
    expect(payload.exp).toBe((payload.iat ?? 0) + 60);
  });

  it('never outlive the longest token', async () => {
    const keyring = await open({ longestTokenSeconds: 60 });
    await expect(keyring.signAccess({ sub: 'u1' }, 61)).rejects.toThrow(RangeError);
  });
});

describe('rotation', () => {
  it('signs with the new key and verifies with the old one until the longest token is over', async () => {
    let now = new Date('2026-01-01T00:00:00Z');
    const keyring = await open({ clock: () => now, longestTokenSeconds: 900, graceSeconds: 300 });
    const before = await keyring.signAccess({ sub: 'u1' }, 900);
    const [oldEngineKey] = keyring.enginePublicKeys();
    await keyring.rotate();
    const after = await keyring.signAccess({ sub: 'u1' }, 900);
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid);
    expect(keyring.jwks().keys).toHaveLength(2);
    await expect(keyring.verifyAccess(before)).resolves.toMatchObject({ sub: 'u1' });

    await keyring.acceptEngineKey(keyring.enginePublicKeys()[0]?.kid ?? '');
    now = new Date('2026-01-01T00:20:01Z');
    await vi.waitFor(() => expect(keyring.droppedEngineKeys()).toEqual([oldEngineKey?.kid]), 15_000);
    expect(keyring.jwks().keys).toHaveLength(1);
    await expect(keyring.verifyAccess(before)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await readFile(join(directory, 'keys.json'), 'utf8')).not.toContain(oldEngineKey?.pem);
  });

  it('keeps the engine key in use until the engine takes the new one, and a while longer', async () => {
    let now = new Date('2026-01-01T00:00:00Z');
    const keyring = await open({ clock: () => now });
    const [first] = keyring.enginePublicKeys();
    const kids = new Set([first?.kid ?? '']);
    await keyring.acceptEngineKey(first?.kid ?? '');
    await keyring.rotate();
    now = new Date('2026-01-02T00:00:00Z');
    await vi.waitFor(() => expect(keyring.jwks().keys).toHaveLength(1), 15_000);
    const signer = (): unknown =>
      decodeProtectedHeader(keyring.signEngineNow({ sub: 'u', roles: [], seconds: 60, kids })).kid;
    expect(signer()).toBe(first?.kid);
    await keyring.acceptEngineKey(keyring.enginePublicKeys()[0]?.kid ?? '');
    expect(signer()).toBe(first?.kid);
    now = new Date('2026-01-02T00:20:01Z');
    await vi.waitFor(() => expect(keyring.droppedEngineKeys()).toEqual([first?.kid]), 15_000);
    expect(signer()).not.toBe(first?.kid);
  });

  it('is noticed by other processes', async () => {
    const mine = await open();
    const others = await open();
    const changed = vi.fn();
    others.onChange(changed);
    await mine.rotate();
    const token = await mine.signAccess({ sub: 'u1' }, 60);
    await expect(others.verifyAccess(token)).resolves.toMatchObject({ sub: 'u1' });
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1), 15_000);
    expect(others.jwks()).toEqual(mine.jwks());
  });

  it('by several processes at once loses no key', async () => {
    const keyrings = await Promise.all([open(), open(), open()]);
    await Promise.all(keyrings.map((keyring) => keyring.rotate()));
    await Promise.all(keyrings.map((keyring) => keyring.reload()));
    for (const keyring of keyrings) expect(keyring.jwks().keys).toHaveLength(4);
  });

  it('lets engine tokens be signed by a key that the engine has', async () => {
    const keyring = await open();
    const [first] = keyring.enginePublicKeys();
    await keyring.rotate();
    const sign = (kids?: ReadonlySet<string>): unknown =>
      decodeProtectedHeader(
        keyring.signEngineNow({ sub: 'u', roles: [], seconds: 60, ...(kids ? { kids } : {}) }),
      ).kid;
    expect(sign(new Set([first?.kid ?? '']))).toBe(first?.kid);
    expect(sign(new Set(['settee-engine-unknown']))).toBe(keyring.enginePublicKeys()[0]?.kid);
    expect(sign()).toBe(keyring.enginePublicKeys()[0]?.kid);
  });
});
