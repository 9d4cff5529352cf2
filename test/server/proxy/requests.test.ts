import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { monthOf, runsDatabase } from '../../../schema/index.ts';
import { makeFlowDocuments } from '../../support/flows.ts';
import { useSettee } from '../../support/use-settee.ts';
import { startEngineWire } from './engine-wire.ts';
import { registerPersonal, spacesWithRole, startProxy, type PersonalAccount } from './personal-account.ts';

const settee = useSettee();
let account: PersonalAccount;

beforeAll(async () => {
  account = await registerPersonal(settee);
});

const json = { 'content-type': 'application/json' };
const megabyte = 1024 * 1024;

async function reply(answer: Promise<Response>): Promise<[number, unknown]> {
  const got = await answer;
  return [got.status, await got.json()];
}

function flows(count: number, seed: number) {
  return makeFlowDocuments({ seed, count, size: 3000 });
}

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

describe('documents', () => {
  it('are written, read and deleted one by one', async () => {
    const [flow] = flows(1, 4);
    const path = `/${encodeURIComponent(flow?._id ?? '')}`;
    const [status, written] = await reply(account.own(path, { method: 'PUT', json: flow }));
    expect([status, written]).toMatchObject([201, { ok: true, id: flow?._id }]);
    const { rev } = written as { rev: string };
    expect(await reply(account.own(path, { method: 'PUT', json: flow }))).toMatchObject([
      409,
      { error: 'conflict' },
    ]);
    expect(await reply(account.own(`${path}?rev=${rev}&revs=true`))).toMatchObject([200, { _rev: rev }]);
    expect(await reply(account.own(`${path}?rev=${rev}`, { method: 'DELETE' }))).toMatchObject([
      200,
      { ok: true },
    ]);
  });

  it('are refused with another id than their address', async () => {
    for (const id of ['_local/x', '_design/x', 'flow:other']) {
      const answer = await reply(account.own('/flow:address', { method: 'PUT', json: { _id: id, a: 1 } }));
      expect(answer).toMatchObject([400, { error: 'bad_request' }]);
    }
  });

  it('are refused above 8 MB, said or not, and compressed', async () => {
    const body = `{"a":"${'x'.repeat(8 * megabyte)}"}`;
    expect((await account.own('/flow:a', { method: 'PUT', body, headers: json })).status).toBe(413);
    const stream = new Blob([body]).stream();
    const unsaid = await account.own('/flow:a', {
      method: 'PUT',
      body: stream,
      headers: json,
      duplex: 'half',
    } as never);
    expect(await unsaid.json()).toMatchObject({ error: 'too_large' });
    const packed = gzipSync('{"a":1}') as Uint8Array<ArrayBuffer>;
    for (const [path, method] of [
      ['/flow:a', 'PUT'],
      ['/_bulk_docs', 'POST'],
    ] as const) {
      const headers = { ...json, 'content-encoding': 'gzip' };
      expect((await account.own(path, { method, body: packed, headers })).status).toBe(415);
    }
    expect((await account.own('/')).status).toBe(200);
  });

  it('are JSON, not nested without end', async () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    for (const body of ['{', '[]', '5', deep, '{"a":1}x', '']) {
      const answer = await reply(account.own('/flow:a', { method: 'PUT', body, headers: json }));
      expect(answer).toMatchObject([400, { error: 'bad_request' }]);
    }
    const text = await account.own('/flow:a', {
      method: 'PUT',
      body: '{}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(text.status).toBe(415);
  });

  it('take attachments by their own address', async () => {
    const [flow] = flows(1, 5);
    const path = `/${flow?._id ?? ''}`;
    const { rev } = (await reply(account.own(path, { method: 'PUT', json: flow })))[1] as { rev: string };
    const bytes = new Uint8Array(100_000).fill(7);
    const put = await reply(
      account.own(`${path}/folder/a%20b.bin?rev=${rev}`, {
        method: 'PUT',
        body: bytes,
        headers: { 'content-type': 'application/x-test' },
      }),
    );
    expect(put).toMatchObject([201, { ok: true }]);
    const answer = await account.own(`${path}/folder/a%20b.bin`);
    expect(answer.headers.get('content-type')).toBe('application/x-test');
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
    const next = (put[1] as { rev: string }).rev;
    const removed = await reply(account.own(`${path}/folder/a%20b.bin?rev=${next}`, { method: 'DELETE' }));
    expect(removed).toMatchObject([200, { ok: true }]);
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

describe('_bulk_docs', () => {
  const bulk = (body: unknown, user = account): Promise<[number, unknown]> =>
    reply(user.own('/_bulk_docs', { method: 'POST', json: body }));

  it('keeps the order of the results where documents are refused', async () => {
    const [a, b, c] = flows(3, 6);
    const large = { ...a, _id: `flow:${crypto.randomUUID()}`, padding: 'x'.repeat(8 * megabyte) };
    const [status, results] = await bulk({ docs: [a, { _id: '_design/x', views: {} }, b, large, c] });
    expect(status).toBe(201);
    expect(results).toMatchObject([
      { ok: true, id: a?._id },
      { id: '_design/x', error: 'forbidden' },
      { ok: true, id: b?._id },
      { id: large._id, error: 'forbidden', reason: expect.stringContaining('document_too_large') as string },
      { ok: true, id: c?._id },
    ]);
    expect((await account.own(`/${large._id}`)).status).toBe(404);
  });

  it('lists only refused documents for replicated edits', async () => {
    const [a] = flows(1, 7);
    const rev = `1-${'b'.repeat(32)}`;
    const docs = [
      { ...a, _rev: rev },
      { _id: '_design/settee', _rev: `9-${'f'.repeat(32)}`, validate_doc_update: 'function(){}' },
    ];
    expect(await bulk({ docs, new_edits: false })).toMatchObject([
      201,
      [{ id: '_design/settee', error: 'forbidden' }],
    ]);
    expect(await reply(account.own(`/${a?._id ?? ''}`))).toMatchObject([200, { _rev: rev }]);
    expect(await bulk({ docs: [], new_edits: false })).toEqual([201, []]);
  });

  it('stores nothing of a request with a _local document, wherever it stands', async () => {
    const [a, b] = flows(2, 8);
    const many = flows(100, 9);
    const sneaky = `{"docs":[${JSON.stringify(b)},{"\\u005fid":"\\u005flocal/_security","security":{}}]}`;
    const last = JSON.stringify({ docs: [...many, { _id: '_local/x' }] });
    for (const body of [JSON.stringify({ docs: [a, { _id: '_local/x' }] }), sneaky, last]) {
      const answer = await reply(account.own('/_bulk_docs', { method: 'POST', body, headers: json }));
      expect(answer).toMatchObject([403, { error: 'forbidden' }]);
    }
    for (const flow of [a, b, many[0], many[99]]) {
      expect((await account.own(`/${flow?._id ?? ''}`)).status).toBe(404);
    }
  });

  it('refuses a request above 64 MB and stores nothing of it', async () => {
    const [a] = flows(1, 10);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from(`{"docs":[${JSON.stringify(a)}`) as Uint8Array);
      },
      pull(controller) {
        sent += megabyte;
        if (sent > 70 * megabyte) controller.close();
        else controller.enqueue(Buffer.from(`,{"_id":"flow:x","a":"${'x'.repeat(megabyte)}"}`) as Uint8Array);
      },
    });
    const answer = await account.own('/_bulk_docs', {
      method: 'POST',
      body,
      headers: json,
      duplex: 'half',
    } as never);
    expect([answer.status, await answer.json()]).toMatchObject([413, { error: 'too_large' }]);
    expect((await account.own(`/${a?._id ?? ''}`)).status).toBe(404);
  }, 60_000);

  it('answers a viewer document by document', async () => {
    const over = await startProxy(settee, { spaces: spacesWithRole(settee, 'viewer') });
    const viewer = await registerPersonal(settee, over.url);
    const [a, b] = flows(2, 11);
    expect(await bulk({ docs: [a, b], new_edits: false }, viewer)).toMatchObject([
      201,
      [
        { id: a?._id, error: 'forbidden' },
        { id: b?._id, error: 'forbidden' },
      ],
    ]);
    expect((await viewer.own(`/${a?._id ?? ''}`, { method: 'PUT', json: a })).status).toBe(403);
    expect(
      (await viewer.own('/_local/0123456789ABCDEFGH.._z%3D%3D', { method: 'PUT', json: {} })).status,
    ).toBe(201);
    expect((await viewer.own('/_all_docs')).status).toBe(200);
    await over.stop();
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
