import { describe, expect, it } from 'vitest';
import { outcome, rest, type RestAnswer } from '../support/rest-client.ts';
import { useSettee } from '../support/use-settee.ts';

const settee = useSettee({
  config: { rateLimits: { windowSeconds: 900, signIn: 5, general: 20, replication: 30 }, trustProxy: 1 },
});

let address = 0;
/** An address from which nobody called before. */
function fresh(): Record<string, string> {
  address += 1;
  return { 'x-forwarded-for': `192.0.2.${address}` };
}

const login = (email: string, password: string, headers: Record<string, string>): Promise<RestAnswer> =>
  rest(settee.url, 'POST /api/auth/login', { body: { email, password }, headers });

async function outcomes(count: number, call: (index: number) => Promise<RestAnswer>): Promise<string[]> {
  const seen: string[] = [];
  for (let index = 0; index < count; index += 1) seen.push(outcome(await call(index)));
  return seen;
}

describe('sign-in attempts', () => {
  it('are limited for an address and e-mail, in whatever spelling, and say when to try again', async () => {
    const { email, password } = await settee.register();
    const headers = fresh();
    const seen = await outcomes(5, (index) =>
      login(index % 2 ? email.toUpperCase() : email, 'wrong', headers),
    );
    expect(seen).toEqual(Array.from({ length: 5 }, () => '401 invalid_credentials'));
    const refused = await login(email, password, headers);
    expect(outcome(refused)).toBe('429 rate_limited');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(800);
    expect(seconds).toBeLessThanOrEqual(900);
    expect((await login(email, password, fresh())).status).toBe(200);
    const { email: other, password: theirs } = await settee.register();
    expect((await login(other, theirs, headers)).status).toBe(200);
  });

  it('at once do not get more tries', async () => {
    const { email } = await settee.register();
    const headers = fresh();
    const seen = await Promise.all(Array.from({ length: 12 }, () => login(email, 'wrong', headers)));
    expect(seen.map(outcome).filter((each) => each === '401 invalid_credentials')).toHaveLength(5);
  });

  it('that succeed do not count', async () => {
    const { email, password } = await settee.register();
    const headers = fresh();
    expect(await outcomes(8, () => login(email, password, headers))).toEqual(
      Array.from({ length: 8 }, () => '200'),
    );
  });

  it('that succeed do not count for who shares the address either', async () => {
    const shared = await settee.startAnother({
      rateLimits: { windowSeconds: 900, signIn: 1, general: 0, replication: 0 },
    });
    const headers = fresh();
    const { email, password } = await settee.register();
    const body = { email, password };
    const seen = await outcomes(25, () => rest(shared.url, 'POST /api/auth/login', { body, headers }));
    expect(new Set(seen)).toEqual(new Set(['200']));
  });

  it('do count where they make accounts', async () => {
    const open = await settee.startAnother({
      rateLimits: { windowSeconds: 900, signIn: 1, general: 0, replication: 0 },
    });
    const headers = fresh();
    const seen = await outcomes(21, (index) => {
      const body = { email: `many-${index}@example.org`, password: 'correct horse' };
      return rest(open.url, 'POST /api/auth/register', { body, headers });
    });
    expect(seen.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => '201'));
    expect(seen.at(-1)).toBe('429 rate_limited');
  });

  it('count one household with IPv6 as one', async () => {
    const { email } = await settee.register();
    const seen = await outcomes(6, (index) =>
      login(email, 'wrong', { 'x-forwarded-for': `2001:db8:1:2::${index + 1}` }),
    );
    expect(seen.at(-1)).toBe('429 rate_limited');
  });

  it('include guesses at the password of an open session', async () => {
    const { accessToken: token } = await settee.register();
    const headers = fresh();
    const seen = await outcomes(6, () =>
      rest(settee.url, 'DELETE /api/auth/me', { token, headers, body: { password: 'guess' } }),
    );
    expect(seen.at(-1)).toBe('429 rate_limited');
  });
});

it('guesses at the password by a change of the address are limited, other changes are not', async () => {
  const { accessToken: token } = await settee.register();
  const headers = fresh();
  const patch = (body: object) => rest(settee.url, 'PATCH /api/auth/me', { token, headers, body });
  expect(await outcomes(7, (index) => patch({ name: `Name ${index}` }))).toEqual(
    Array.from({ length: 7 }, () => '200'),
  );
  const seen = await outcomes(6, () => patch({ email: 'other@example.org', currentPassword: 'guess' }));
  expect(seen.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => '401 invalid_credentials'));
  expect(seen.at(-1)).toBe('429 rate_limited');
});

describe('other requests', () => {
  it('are limited per user, wherever they come from', async () => {
    const { accessToken: token } = await settee.register();
    const seen = await outcomes(21, () => rest(settee.url, 'GET /api/sessions', { token, headers: fresh() }));
    expect(seen.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => '200'));
    expect(seen[20]).toBe('429 rate_limited');
    const other = await settee.register();
    expect((await rest(settee.url, 'GET /api/sessions', { token: other.accessToken })).status).toBe(200);
  });

  it('without a good token are limited per address', async () => {
    const headers = fresh();
    const seen = await outcomes(21, (index) =>
      rest(settee.url, 'GET /api/sessions', { token: `x${index}`, headers }),
    );
    expect(seen[0]).toBe('401 unauthorized');
    expect(seen[20]).toBe('429 rate_limited');
  });

  it('to replication have a limit of their own, and are told in the words of CouchDB', async () => {
    const { accessToken: token, user } = await settee.register();
    const { database } = await settee.services.spaces.personal(user.id);
    const headers = fresh();
    const seen = await outcomes(30, () => rest(settee.url, `GET /db/${database}`, { token, headers }));
    expect(new Set(seen)).toEqual(new Set(['200']));
    const refused = await rest(settee.url, `GET /db/${database}`, { token, headers });
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({ error: 'too_many_requests', reason: expect.any(String) });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await rest(settee.url, 'GET /api/sessions', { token, headers })).status).toBe(200);
  });

  it('to health and keys are never limited', async () => {
    const headers = fresh();
    const seen = await outcomes(40, () => rest(settee.url, 'GET /.well-known/jwks.json', { headers }));
    expect(new Set(seen)).toEqual(new Set(['200']));
  });
});

describe('addresses in X-Forwarded-For', () => {
  it('are not believed unless a proxy is configured', async () => {
    const direct = await settee.startAnother({ trustProxy: false });
    const seen = await outcomes(21, () => rest(direct.url, 'GET /api/sessions', { headers: fresh() }));
    expect(seen.at(-1)).toBe('429 rate_limited');
  });
});
