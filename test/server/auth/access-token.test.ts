import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { rest, outcome } from '../../support/rest-client.ts';
import { useSettee } from '../../support/use-settee.ts';

const settee = useSettee();
let header: Record<string, unknown>;
let claims: Record<string, unknown>;
let token: string;

const read = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Record<string, unknown>;
const write = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

beforeAll(async () => {
  token = (await settee.register()).accessToken;
  const [first, second] = token.split('.');
  header = read(first);
  claims = read(second);
});
async function answerTo(forged: string): Promise<string> {
  return outcome(await rest(settee.url, 'GET /api/auth/me', { token: forged }));
}

function signed(key: KeyObject, head: object, body: object): string {
  const input = `${write(head)}.${write(body)}`;
  const signature = sign('sha256', new TextEncoder().encode(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

describe('access tokens', () => {
  it('carry no more than who and which session', () => {
    expect(header).toMatchObject({ alg: 'ES256', typ: 'JWT' });
    expect(Object.keys(claims).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'sid', 'sub']);
  });

  it('are refused when altered anywhere', async () => {
    const parts = token.split('.');
    for (const [index, change] of [
      [1, { ...claims, sub: randomUUID() }],
      [1, { ...claims, exp: 9_999_999_999 }],
      [1, { ...claims, sid: randomUUID() }],
      [0, { ...header, kid: 'settee-access-0000000000000000' }],
      [0, { ...header, typ: 'at+jwt' }],
    ] as const) {
      const altered = parts.with(index, write(change)).join('.');
      expect(await answerTo(altered)).toBe('401 unauthorized');
    }
    expect(await answerTo(`${parts[0]}.${parts[1]}.`)).toBe('401 unauthorized');
    expect(await answerTo(`${parts[0]}.${parts[1]}`)).toBe('401 unauthorized');
    expect(await answerTo(`${token}A`)).toBe('401 unauthorized');
    expect(await answerTo(token)).toBe('200');
  });

  it('are refused without signature, and signed as HMAC with the public key', async () => {
    for (const alg of ['none', 'None', '']) {
      expect(await answerTo(`${write({ ...header, alg })}.${write(claims)}.`)).toBe('401 unauthorized');
    }
    const { body: jwks } = await rest(settee.url, 'GET /.well-known/jwks.json');
    const input = `${write({ ...header, alg: 'HS256' })}.${write(claims)}`;
    for (const secret of [JSON.stringify(jwks.keys[0]), String(jwks.keys[0].x)]) {
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await answerTo(`${input}.${mac}`)).toBe('401 unauthorized');
    }
  });

  it('are refused when signed with another key, whatever it calls itself', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await answerTo(signed(privateKey, header, claims))).toBe('401 unauthorized');
    const jwk = publicKey.export({ format: 'jwk' });
    expect(await answerTo(signed(privateKey, { ...header, jwk }, claims))).toBe('401 unauthorized');
    expect(await answerTo(signed(privateKey, { ...header, jku: 'http://127.0.0.1:1/' }, claims))).toBe(
      '401 unauthorized',
    );
  });

  it('of the engine do not pass for them', async () => {
    const engine = await settee.services.couch.engineToken({ userId: String(claims.sub), roles: [] });
    expect(await answerTo(engine)).toBe('401 unauthorized');
  });

  it('are refused in a query, as Basic credentials, and as a refresh token is', async () => {
    const { refreshToken } = await settee.register();
    expect(await answerTo(refreshToken)).toBe('401 unauthorized');
    expect(outcome(await rest(settee.url, `GET /api/auth/me?access_token=${token}`))).toBe(
      '401 unauthorized',
    );
    const basic = Buffer.from(`user:${token}`).toString('base64');
    const answer = await rest(settee.url, 'GET /api/auth/me', {
      headers: { authorization: `Basic ${basic}` },
    });
    expect(outcome(answer)).toBe('401 unauthorized');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('stay good when the keys rotate', async () => {
    await settee.services.keyring.rotate();
    expect(await answerTo(token)).toBe('200');
    const { accessToken } = await settee.register();
    expect(read(accessToken.split('.')[0]).kid).not.toBe(header.kid);
    expect(await answerTo(accessToken)).toBe('200');
    const { body } = await rest(settee.url, 'GET /.well-known/jwks.json');
    expect(body.keys.map(({ kid }: { kid: string }) => kid)).toContain(header.kid);
  });
});
