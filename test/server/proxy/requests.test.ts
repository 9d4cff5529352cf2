import { describe, expect, it } from 'vitest';
import { monthOf, runsDatabase } from '../../../schema/index.ts';
import { startEngineWire } from './engine-wire.ts';
import { registerPersonal, startProxy } from './personal-account.ts';
import { flows, reply, usePersonal } from './use-personal.ts';

const { settee, account } = usePersonal();

function addMonths(date: Date, months: number): string {
  return monthOf(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 15)));
}

describe('databases and months', () => {
  it('answers PUT of the own database as one that exists', async () => {
    expect(await reply(account.own('/', { method: 'PUT' }))).toMatchObject([412, { error: 'file_exists' }]);
    expect((await account.own('', { method: 'HEAD' })).status).toBe(200);
  });

  it('makes a month at its first PUT, then answers 412', async () => {
    const user = await registerPersonal(settee);
    const path = `/${runsDatabase(user.database, monthOf(new Date()))}`;
    expect(await reply(user.ask(path, { method: 'PUT' }))).toEqual([201, { ok: true }]);
    expect(await reply(user.ask(path, { method: 'PUT' }))).toMatchObject([412, { error: 'file_exists' }]);
  });

  it('makes a month at its first GET', async () => {
    const user = await registerPersonal(settee);
    const database = runsDatabase(user.database, monthOf(new Date()));
    expect(await reply(user.ask(`/${database}/`))).toMatchObject([200, { db_name: database, doc_count: 1 }]);
  });

  it('answers 404 for months that have not come or were before the account', async () => {
    for (const months of [-1, 2, 1200]) {
      const database = runsDatabase(account.database, addMonths(new Date(), months));
      for (const method of ['GET', 'PUT', 'HEAD']) {
        expect((await account.ask(`/${database}`, { method })).status).toBe(404);
      }
    }
  });

  it('answers 410 for months below retention', async () => {
    const user = await registerPersonal(settee);
    const { spaces } = settee.services;
    const old = addMonths(new Date(), -6);
    await spaces.allowMonthsFrom(user.user.id, old);
    const path = `/${runsDatabase(user.database, old)}`;
    expect((await user.ask(path)).status).toBe(200);
    await spaces.applyRetention({ months: 2, now: new Date() });
    expect(await reply(user.ask(path))).toMatchObject([410, { error: 'gone' }]);
    expect(await reply(user.ask(path, { method: 'PUT' }))).toMatchObject([410, { error: 'gone' }]);
  });
});

describe('answers', () => {
  it('have CouchDB’s shape where they refuse', async () => {
    expect(await reply(fetch(`${account.databaseUrl}/_changes`))).toEqual([
      401,
      { error: 'unauthorized', reason: expect.any(String) as string },
    ]);
    expect(await reply(account.own('/flow:nothing'))).toMatchObject([404, { error: 'not_found' }]);
    expect(await reply(account.own('/_purge', { method: 'POST', json: {} }))).toMatchObject([
      404,
      { error: 'not_found' },
    ]);
    expect(await reply(account.own('/', { method: 'DELETE' }))).toMatchObject([
      405,
      { error: 'method_not_allowed' },
    ]);
    expect(await reply(account.own('/_changes?filter=app/x'))).toMatchObject([
      400,
      { error: 'query_parse_error' },
    ]);
  });

  it('show nothing of the engine in their headers, and are kept by no shared cache', async () => {
    const [flow] = flows(1, 1);
    await account.own(`/${flow?._id ?? ''}`, { method: 'PUT', json: flow });
    const answer = await account.own(`/${flow?._id ?? ''}`);
    for (const name of ['server', 'set-cookie', 'location', 'www-authenticate', 'x-couch-request-id']) {
      expect(answer.headers.get(name)).toBeNull();
    }
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    const etag = answer.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"1-[0-9a-f]{32}"$/);
    const again = await account.own(`/${flow?._id ?? ''}`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('give attachments as bytes that no browser runs', async () => {
    const [flow] = flows(1, 2);
    const page = '<script>alert(1)</script>';
    await account.own(`/${flow?._id ?? ''}`, {
      method: 'PUT',
      json: { ...flow, _attachments: { 'a.html': { content_type: 'text/html', data: btoa(page) } } },
    });
    const answer = await account.own(`/${flow?._id ?? ''}/a.html`);
    expect([answer.status, await answer.text()]).toEqual([200, page]);
    expect(answer.headers.get('content-disposition')).toBe('attachment');
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });

  it('report the engine’s absence as 503, and recover', async () => {
    const wire = await startEngineWire(settee.engineUrl);
    const over = await startProxy(settee, { couch: { ...settee.services.couch, origin: wire.origin } });
    const user = await registerPersonal(settee, over.url);
    expect((await user.own('/')).status).toBe(200);
    wire.cut(true);
    expect(await reply(user.own('/'))).toMatchObject([503, { error: 'service_unavailable' }]);
    expect(
      await reply(user.own('/_bulk_docs', { method: 'POST', json: { docs: flows(3, 3) } })),
    ).toMatchObject([503, { error: 'service_unavailable' }]);
    wire.cut(false);
    expect((await user.own('/')).status).toBe(200);
    await over.stop();
    await wire.close();
  });

  it('never blame the caller for a token of the server’s that the engine does not take', async () => {
    const forged =
      'eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6Ing5In0.eyJzdWIiOiJ4IiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAA';
    for (const token of ['nonsense', forged, '']) {
      const over = await startProxy(settee, {
        couch: { ...settee.services.couch, engineToken: () => Promise.resolve(token) },
      });
      const user = await registerPersonal(settee, over.url);
      expect(await reply(user.own('/'))).toMatchObject([503, { error: 'service_unavailable' }]);
      expect((await user.own('/_changes?feed=longpoll&since=now')).status).toBe(503);
      await over.stop();
    }
  });
});

describe('checkpoints', () => {
  const path = '/_local/0123456789ABCDEFGH.._z%3D%3D';

  it('are read and written under the names that replication gives', async () => {
    expect((await account.own(path)).status).toBe(404);
    expect(await reply(account.own(path, { method: 'PUT', json: { last_seq: 1 } }))).toMatchObject([
      201,
      { ok: true },
    ]);
    expect(await reply(account.own(path))).toMatchObject([200, { last_seq: 1 }]);
    expect((await account.own(path, { method: 'DELETE' })).status).toBe(405);
  });

  it('are small', async () => {
    const large = { last_seq: 'x'.repeat(70_000) };
    expect(await reply(account.own(path, { method: 'PUT', json: large }))).toMatchObject([
      413,
      { error: 'too_large' },
    ]);
  });
});

describe('API keys', () => {
  it('read with the scope read, and write with the scope write', async () => {
    const { auth } = settee.services;
    const principal = await auth.authenticate(`Bearer ${account.accessToken}`);
    const key = async (scopes: ('read' | 'write')[]): Promise<string> =>
      (await auth.createKey(principal, { name: scopes.join(' '), scopes })).token;
    const [reader, writer] = [await key(['read']), await key(['read', 'write'])];
    const [a, b] = flows(2, 12);
    const status = async (path: string, options: object): Promise<number> =>
      (await account.own(path, options)).status;
    expect(await status('/_all_docs', { token: reader })).toBe(200);
    expect(await status(`/${a?._id ?? ''}`, { method: 'PUT', json: a, token: reader })).toBe(403);
    expect(await status('/_bulk_docs', { method: 'POST', json: { docs: [a] }, token: reader })).toBe(403);
    expect(await status(`/${a?._id ?? ''}`, { method: 'PUT', json: a, token: writer })).toBe(201);
    expect(await status('/_bulk_docs', { method: 'POST', json: { docs: [b] }, token: writer })).toBe(201);
  });
});
