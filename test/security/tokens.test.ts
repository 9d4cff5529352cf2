import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { registerPersonal } from '../server/proxy/personal-account.ts';
import { usePersonal } from '../server/proxy/use-personal.ts';

const { settee, account } = usePersonal();

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function parts(token: string): { header: object; claims: Record<string, unknown>; signature: string } {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const decode = (text: string): object => JSON.parse(Buffer.from(text, 'base64url').toString()) as object;
  return { header: decode(header), claims: decode(claims) as Record<string, unknown>, signature };
}

async function statuses(token: string): Promise<number[]> {
  const rest = await fetch(`${settee.url}/api/auth/me`, { headers: { authorization: `Bearer ${token}` } });
  const database = await account.own('/_all_docs', { token });
  return [rest.status, database.status];
}

describe('access tokens', () => {
  it('work as they were given', async () => {
    expect(await statuses(account.accessToken)).toEqual([200, 200]);
  });

  it('are refused when altered', async () => {
    const { header, claims, signature } = parts(account.accessToken);
    const other = await registerPersonal(settee);
    const flipped = signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
    const altered = [
      [encode(header), encode({ ...claims, sub: other.user.id }), signature],
      [encode(header), encode({ ...claims, exp: 9_999_999_999 }), signature],
      [encode(header), encode({ ...claims, roles: ['admin'] }), signature],
      [encode(header), encode(claims), flipped],
      [encode(header), encode(claims), ''],
      [encode({ ...header, kid: 'other' }), encode(claims), signature],
      [encode({ ...header, crit: ['x'] }), encode(claims), signature],
      [encode(parts(other.accessToken).header), encode(claims), parts(other.accessToken).signature],
    ];
    for (const token of altered) {
      expect(await statuses(token.join('.'))).toEqual([401, 401]);
    }
  });

  it('are refused without a signature, with another algorithm, or of another key', async () => {
    const { header, claims } = parts(account.accessToken);
    const jwks = (await (await fetch(`${settee.url}/.well-known/jwks.json`)).json()) as {
      keys: { x?: string }[];
    };
    const secret = JSON.stringify(jwks.keys[0]);
    const hmac = (body: string): string => createHmac('sha256', secret).update(body).digest('base64url');
    const confused = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
    const forger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = forger.publicKey.export({ format: 'jwk' });
    const sign = (extra: object): Promise<string> =>
      new SignJWT(claims)
        .setProtectedHeader({ ...(header as { alg: string }), ...extra })
        .sign(forger.privateKey);
    const tokens = [
      ...['none', 'None', 'NONE'].map((alg) => `${encode({ ...header, alg })}.${encode(claims)}.`),
      `${confused}.${hmac(confused)}`,
      await sign({}),
      await sign({ kid: 'forged' }),
      await sign({ jwk }),
      await sign({ jku: 'http://127.0.0.1:1/jwks.json', kid: '../../etc/passwd' }),
    ];
    for (const token of tokens) {
      expect(await statuses(token)).toEqual([401, 401]);
    }
  });

  it('are refused when they have expired, or are for somebody else', async () => {
    const { keyring } = settee.services;
    const { claims } = parts(account.accessToken);
    const { sub, sid } = claims as { sub: string; sid: string };
    expect(await statuses(await keyring.signAccess({ sub, sid }, 60))).toEqual([200, 200]);
    expect(await statuses(await keyring.signAccess({ sub, sid }, -1))).toEqual([401, 401]);
    expect(await statuses(await keyring.signAccess({ sub, sid: crypto.randomUUID() }, 60))).toEqual([
      401, 401,
    ]);
    expect(await statuses(await keyring.signAccess({ sub: crypto.randomUUID(), sid }, 60))).toEqual([
      401, 401,
    ]);
    const other = await registerPersonal(settee);
    expect(await statuses(await keyring.signAccess({ sub: other.user.id, sid }, 60))).toEqual([401, 401]);
  });

  it('are not the engine’s, nor the engine’s ours', async () => {
    const roles = [`space:${account.user.id}`, `space:${account.user.id}:owner`];
    const engineToken = await settee.services.couch.engineToken({ userId: account.user.id, roles });
    expect(await statuses(engineToken)).toEqual([401, 401]);
    const { origin } = settee.services.couch;
    const atEngine = (token: string): Promise<Response> =>
      fetch(`${origin}/${account.database}`, { headers: { authorization: `Bearer ${token}` } });
    expect((await atEngine(engineToken)).status).toBe(200);
    expect((await atEngine(account.accessToken)).status).toBeGreaterThanOrEqual(400);
  });

  it('are refused in any other form', async () => {
    const token = account.accessToken;
    for (const authorization of [
      `Basic ${token}`,
      token,
      `Bearer  ${token} x`,
      'Bearer',
      'Bearer null',
      `Bearer stk_${token}`,
    ]) {
      const answer = await fetch(`${account.databaseUrl}/_all_docs`, { headers: { authorization } });
      expect([authorization.slice(0, 12), answer.status]).toEqual([authorization.slice(0, 12), 401]);
    }
    expect((await fetch(`${account.databaseUrl}/_all_docs?access_token=${token}`)).status).toBe(401);
    expect(
      (await fetch(`${account.databaseUrl}/_all_docs`, { headers: { cookie: `token=${token}` } })).status,
    ).toBe(401);
  });
});

describe('refresh tokens', () => {
  it('end their family when one is used again after its successor was used', async () => {
    const user = await registerPersonal(settee);
    const refresh = async (
      refreshToken: string,
    ): Promise<[number, { accessToken: string; refreshToken: string }]> => {
      const answer = await fetch(`${settee.url}/api/auth/refresh`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refreshToken }),
      });
      return [answer.status, (await answer.json()) as { accessToken: string; refreshToken: string }];
    };
    const [, second] = await refresh(user.refreshToken);
    const [, third] = await refresh(second.refreshToken);
    expect((await user.own('/', { token: third.accessToken })).status).toBe(200);
    expect((await refresh(user.refreshToken))[0]).toBe(401);
    expect((await refresh(third.refreshToken))[0]).toBe(401);
    for (const token of [user.accessToken, second.accessToken, third.accessToken]) {
      expect((await user.own('/', { token })).status).toBe(401);
    }
  });
});
