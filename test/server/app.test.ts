import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { outcome, rest } from '../support/rest-client.ts';
import { useSettee } from '../support/use-settee.ts';

const allowed = 'https://studio.example.org';
const settee = useSettee({ config: { corsOrigins: [allowed] } });
let token: string;

beforeAll(async () => {
  token = (await settee.register()).accessToken;
});
describe('every answer', () => {
  it('names its request: by the id that came with it where that is sane', async () => {
    const named = await rest(settee.url, 'GET /health', { headers: { 'x-request-id': 'abc-123' } });
    expect(named.headers.get('x-request-id')).toBe('abc-123');
    for (const bad of ['a b', 'x'.repeat(65), '<script>']) {
      const { headers } = await rest(settee.url, 'GET /health', { headers: { 'x-request-id': bad } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('tells browsers to run and embed nothing foreign', async () => {
    const { headers } = await rest(settee.url, 'GET /api/auth/me', { token });
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('promises HTTPS where the public address has it', async () => {
    const other = await settee.startAnother({ publicUrl: 'https://flows.example.org' });
    const { headers } = await rest(other.url, 'GET /health');
    expect(headers.get('strict-transport-security')).toMatch(/max-age=\d+/);
  });

  it('is readable for allowed origins only, exactly', async () => {
    const from = async (origin: string, target = 'GET /health') =>
      (await rest(settee.url, target, { headers: { origin } })).headers;
    expect((await from(allowed)).get('access-control-allow-origin')).toBe(allowed);
    expect((await from(allowed)).get('access-control-expose-headers')).toContain('ETag');
    for (const origin of [
      'https://evil.example.org',
      `${allowed}.evil.example`,
      'http://studio.example.org',
      'null',
    ]) {
      expect((await from(origin)).get('access-control-allow-origin')).toBeNull();
    }
    expect((await from(allowed, 'GET /db/userdb-00')).get('access-control-allow-origin')).toBe(allowed);
  });

  it('allows what browsers ask beforehand', async () => {
    const { status, headers } = await rest(settee.url, 'OPTIONS /db/userdb-00/_bulk_docs', {
      headers: {
        origin: allowed,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-settee-device',
      },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-headers')).toMatch(/Authorization.*X-Settee-Device/);
  });
});

describe('bad requests', () => {
  it('are told what is wrong, with a code', async () => {
    const post = async (raw: string, headers: Record<string, string> = {}) => {
      const typed = { 'content-type': 'application/json', ...headers };
      return outcome(await rest(settee.url, 'POST /api/auth/login', { raw, headers: typed }));
    };
    expect(await post('{"email":')).toBe('400 bad_request');
    expect(await post('"text"')).toBe('400 bad_request');
    expect(await post('[]')).toBe('400 invalid_body');
    expect(await post('{}')).toBe('400 invalid_body');
    expect(await post('')).toBe('400 invalid_body');
    expect(await post('{"email":"a@b","password":"x","__proto__":{"a":1}}')).toBe('400 bad_request');
    expect(await post(`{"email":${'['.repeat(150)}${']'.repeat(150)}}`)).toBe('400 bad_request');
    expect(await post(`{"email":${'['.repeat(30_000)}${']'.repeat(30_000)}}`)).toBe('400 bad_request');
    expect(await post(JSON.stringify({ email: 'x'.repeat(65 * 1024) }))).toBe('413 payload_too_large');
    expect(await post('email=a', { 'content-type': 'application/x-www-form-urlencoded' })).toBe(
      '415 unsupported_media_type',
    );
    expect(await post('{}', { 'content-encoding': 'foo' })).toBe('415 unsupported_media_type');
    expect(await post('{}', { 'content-type': 'application/json; charset=koi8-r' })).toBe(
      '415 unsupported_media_type',
    );
  });

  it('of nobody are refused before their body is read', async () => {
    const { hostname, port } = new URL(settee.url);
    const socket = connect(Number(port), hostname);
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (chunk) => resolve(chunk.toString()));
      socket.write(
        'POST /api/flows HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n{',
      );
    });
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('may be large where somebody is signed in, and no larger than 8 MB', async () => {
    const post = async (size: number) =>
      outcome(await rest(settee.url, 'POST /api/flows', { token, body: { name: 'x'.repeat(size) } }));
    expect(await post(7 * 1024 * 1024)).toMatch(/^400 /);
    expect(await post(9 * 1024 * 1024)).toBe('413 payload_too_large');
  });

  it('to nowhere are told so, in the words of the path', async () => {
    expect(outcome(await rest(settee.url, 'GET /api/nothing', { token }))).toBe('404 not_found');
    expect(outcome(await rest(settee.url, 'GET /nothing'))).toBe('404 not_found');
    expect(outcome(await rest(settee.url, 'GET /API/auth/me', { token }))).toBe('404 not_found');
    expect(outcome(await rest(settee.url, 'GET /api/%E0%A4%A', { token }))).toMatch(/^40[04]/);
    const replication = await rest(settee.url, 'GET /db/userdb-00', {});
    expect(replication.body).toEqual({ error: 'unauthorized', reason: expect.any(String) });
    expect((await rest(settee.url, 'GET /_utils/')).status).toBe(404);
    expect((await rest(settee.url, 'GET /_all_dbs')).status).toBe(404);
  });
});

describe('health', () => {
  it('names the state of each service', async () => {
    const { status, body } = await rest(settee.url, 'GET /health');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'ok',
      services: expect.objectContaining({ engine: 'up', accountsFeed: 'up', directoryFeed: 'up' }),
    });
  });
});

describe('public keys', () => {
  it('may be cached and hold nothing private', async () => {
    const { body, headers } = await rest(settee.url, 'GET /.well-known/jwks.json');
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(body.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(JSON.stringify(body)).not.toContain('"d"');
  });
});

describe('a caller who goes away', () => {
  it('harms nothing', async () => {
    const { port } = new URL(settee.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    await new Promise<void>((resolve) => {
      socket.write(
        `POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"em`,
        () => resolve(),
      );
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    expect((await rest(settee.url, 'GET /health')).status).toBe(200);
  });
});
