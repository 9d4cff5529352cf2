import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { registerPersonal, spacesWithRole, startProxy } from './personal-account.ts';
import { flows, reply, usePersonal } from './use-personal.ts';

const { settee, account } = usePersonal();

const json = { 'content-type': 'application/json' };

const megabyte = 1024 * 1024;

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
