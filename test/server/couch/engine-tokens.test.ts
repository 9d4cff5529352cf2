import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { personalDatabase } from '../../../schema/index.ts';
import { engineFetch, openCouch, type TestCouch } from './open-couch.ts';

const user = { userId: randomUUID(), roles: [] as string[] };
user.roles = [`space:${user.userId}`, `space:${user.userId}:owner`];
const claims = { sub: user.userId, iss: 'settee-proxy', '_couchdb.roles': user.roles, exp: 9_999_999_999 };
let now = new Date();
let test: TestCouch;
let database: string;

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

async function statusWith(token: string, scheme = 'Bearer'): Promise<number> {
  return (await engineFetch(test.url, `/${database}`, { authorization: `${scheme} ${token}` })).status;
}

/** The engine answers 400 where a signature does not match, 401 or 403 otherwise. */
async function expectNoRights(token: string): Promise<void> {
  expect([400, 401, 403]).toContain(await statusWith(token));
  const session = await engineFetch(test.url, '/_session', { authorization: `Bearer ${token}` });
  const roles = (session.body as { userCtx?: { roles: string[] } }).userCtx?.roles ?? [];
  expect(roles.filter((role) => role.startsWith('space:') || role === '_admin')).toEqual([]);
}

beforeAll(async () => {
  test = await openCouch({ clock: () => now });
  database = personalDatabase(user.userId, test.prefix);
  await test.couch.createDatabase(database, 'space', user.userId);
});

afterAll(() => test.stop());

describe('tokens at the engine', () => {
  it('open the databases of the space they name, and no other', async () => {
    expect(await statusWith(await test.couch.engineToken(user))).toBe(200);
    const stranger = { userId: randomUUID(), roles: [`space:${randomUUID()}`] };
    expect(await statusWith(await test.couch.engineToken(stranger))).toBe(403);
    await expect(test.couch.as(database, stranger).info()).rejects.toMatchObject({ statusCode: 403 });
    await expect(test.couch.as(database, user).info()).resolves.toMatchObject({ db_name: database });
  });

  it('never make an administrator', async () => {
    await expect(test.couch.engineToken({ userId: 'u', roles: ['_admin'] })).rejects.toThrow(/administrator/);
  });

  it('are used again for a while, and live for a minute at most', async () => {
    const token = await test.couch.engineToken(user);
    expect(await test.couch.engineToken(user)).toBe(token);
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect(exp - iat).toBe(60);
  });

  it('are refused when altered', async () => {
    const [header, , signature] = (await test.couch.engineToken(user)).split('.');
    await expectNoRights(`${header}.${encode({ ...claims, '_couchdb.roles': ['_admin'] })}.${signature}`);
  });

  it('are refused when expired', async () => {
    await expectNoRights(await test.keyring.signEngine({ sub: user.userId, roles: user.roles, seconds: -5 }));
  });

  it('are refused when another key signed them', async () => {
    const kid = test.keyring.enginePublicKeys()[0]?.kid ?? '';
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const sign = (header: string): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: header }).sign(privateKey);
    await expectNoRights(await sign(kid));
    await expectNoRights(await sign('settee-engine-unknown'));
  });

  it('are refused with no algorithm or a symmetric one', async () => {
    const [key] = test.keyring.enginePublicKeys();
    await expectNoRights(`${encode({ alg: 'none', typ: 'JWT', kid: key?.kid })}.${encode(claims)}.`);
    const input = `${encode({ alg: 'HS256', typ: 'JWT', kid: key?.kid })}.${encode(claims)}`;
    const signature = createHmac('sha256', key?.pem ?? '')
      .update(input)
      .digest('base64url');
    await expectNoRights(`${input}.${signature}`);
  });

  it('are not the access tokens of browsers', async () => {
    await expectNoRights(await test.keyring.signAccess({ ...claims, exp: undefined }, 900));
  });

  it('are signed by the new key after a rotation; the old one leaves the engine when it is over', async () => {
    const before = await test.couch.engineToken(user);
    const oldKid = decodeProtectedHeader(before).kid ?? '';
    await test.keyring.rotate();
    const newKid = test.keyring.enginePublicKeys()[0]?.kid ?? '';
    const configured = async (kid: string): Promise<number> =>
      (await engineFetch(test.url, `/_node/_local/_config/jwt_keys/ec:${kid}`)).status;
    await vi.waitFor(async () => expect(await configured(newKid)).toBe(200), 15_000);
    expect(await statusWith(before)).toBe(200);
    const fresh = { ...user, roles: [...user.roles, 'another-name-in-the-cache'] };
    await vi.waitFor(async () => {
      const token = await test.couch.engineToken({ ...fresh, roles: [...fresh.roles, randomUUID()] });
      expect(decodeProtectedHeader(token).kid).toBe(newKid);
      expect(await statusWith(token)).toBe(200);
    }, 15_000);

    now = new Date(now.getTime() + 1_300_000);
    await vi.waitFor(async () => expect(await configured(oldKid)).toBe(404), 15_000);
    await vi.waitFor(async () => expectNoRights(before), 15_000);
    expect(await configured(newKid)).toBe(200);
  });
});
