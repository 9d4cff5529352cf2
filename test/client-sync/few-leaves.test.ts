import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFewLeaves } from '../../client-sync/bootstrap/few-leaves.ts';
import type { PouchDocument } from '../../client-sync/pouch/pouch-types.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import { startSettee, type TestSettee } from '../support/settee.ts';
import { openPair, runAll, type Pair } from './replication-pair.ts';

const flows = (seed: number, count: number): PouchDocument[] =>
  JSON.parse(JSON.stringify(makeFlowDocuments({ seed, count, size: 1000 }))) as PouchDocument[];

describe('a pull that follows a hint', () => {
  let server: TestSettee;
  beforeAll(async () => {
    server = await startSettee();
  });
  afterAll(() => server?.stop());

  const twoDevices = async (): Promise<[Pair, Pair]> => {
    const account = await server.register();
    const given = { token: account.accessToken, id: account.user.id };
    return [await openPair(server, given), await openPair(server, given)];
  };
  const leavesOf = async ({ local }: Pair, id: string) => {
    const leaves = await local.get(id, { open_revs: 'all', revs: true });
    return new Map(leaves.flatMap((leaf) => ('ok' in leaf ? [[leaf.ok._rev, leaf.ok]] : [])));
  };

  it('asks the server once, brings all leaves, and leaves the checkpoint where it came', async () => {
    const [a, b] = await twoDevices();
    const pull = b.pull();
    await runAll(pull);
    const [doc] = flows(1, 1) as [PouchDocument];
    const picture = { content_type: 'text/plain', data: Buffer.from('a picture').toString('base64') };
    await a.local.put({ ...doc, _attachments: { picture } });
    const { _rev: first = '' } = await a.local.get(doc._id);
    await a.local.put({ ...doc, _rev: first, name: 'newer' });
    const hash = 'f'.repeat(32);
    const branch = { ...doc, name: 'elsewhere', _rev: `2-${hash}` };
    const _revisions = { start: 2, ids: [hash, first.slice(2)] };
    await a.local.bulkDocs({ docs: [{ ...branch, _revisions }], new_edits: false });
    await runAll(a.push());
    b.requests.length = 0;
    expect(await pull.step({ expectsFew: true })).toMatchObject({ written: 2, more: false });
    expect(b.requests).toEqual([expect.stringMatching(/^GET \/_bootstrap\?since=/)]);
    expect(await leavesOf(b, doc._id)).toEqual(await leavesOf(a, doc._id));
    expect(await pull.step({ expectsFew: true })).toMatchObject({ written: 0 });
    await pull.save();
    b.requests.length = 0;
    expect((await b.local.replicate.from(b.remote, {})).docs_read).toBe(0);
    expect(b.requests.filter((request) => request.includes('since=0'))).toEqual([]);
  });

  it('reads many changes as ever, and the first ones', async () => {
    const [a, b] = await twoDevices();
    const pull = b.pull();
    expect(await pull.step({ expectsFew: true })).toMatchObject({ more: false });
    expect(b.requests.filter((request) => request.includes('_bootstrap'))).toEqual([]);
    await a.local.bulkDocs(flows(2, 30));
    await runAll(a.push());
    b.requests.length = 0;
    expect(await pull.step({ expectsFew: true })).toMatchObject({ written: 30 });
    expect(b.requests.map((request) => /_\w+/.exec(request)?.[0])).toEqual([
      '_bootstrap',
      '_changes',
      '_bulk_get',
    ]);
  });

  it('has not passed what it could not store', async () => {
    const [a, b] = await twoDevices();
    const pull = b.pull();
    await runAll(pull);
    const before = pull.sequence();
    await a.local.bulkDocs(flows(3, 2));
    await runAll(a.push());
    const write = b.local.bulkDocs.bind(b.local);
    b.local.bulkDocs = () => Promise.reject(new Error('no room'));
    await expect(pull.step({ expectsFew: true })).rejects.toThrow('no room');
    expect(pull.sequence()).toBe(before);
    b.local.bulkDocs = write;
    expect(await pull.step({ expectsFew: true })).toMatchObject({ written: 2 });
  });
});

describe('a few changes in one answer', () => {
  const lines = [
    { seq: '9-x', pending: 2 },
    { docs: [{ _id: 'a', _rev: '1-a' }], page: 1, seq: '8-x' },
    { docs: [{ _id: 'b', _rev: '1-b' }], page: 2, seq: '9-x' },
    { done: true, page: 2, seq: '9-x' },
  ].map((line) => `${JSON.stringify(line)}\n`);
  const read = (answer: () => Response, signal = new AbortController().signal) =>
    readFewLeaves({ url: 'http://server/db', fetcher: async () => answer(), since: '7-x', signal });
  const stream = (text: string) =>
    new Response(text, { headers: { 'content-type': 'application/x-ndjson' } });

  it('are taken when they are whole', async () => {
    expect(await read(() => stream(lines.join('')))).toEqual({
      docs: [
        { _id: 'a', _rev: '1-a' },
        { _id: 'b', _rev: '1-b' },
      ],
      changes: 2,
      sequence: '9-x',
    });
  });

  it.each([
    ['cut off', lines.slice(0, 3)],
    ['not all there', [lines[0], lines[2], lines[3]]],
    ['no JSON', [lines[0], '<html>\n']],
    ['too many', ['{"seq":"9-x","pending":21}\n', ...lines.slice(1)]],
  ])('are not taken where they are %s', async (_what, given) => {
    expect(await read(() => stream(given.join('')))).toBeNull();
  });

  it('are asked for otherwise where the server has no such answer or fails, unless it wants to be left alone', async () => {
    for (const status of [404, 405, 500]) expect(await read(() => Response.json({}, { status }))).toBeNull();
    for (const status of [429, 503]) {
      await expect(read(() => Response.json({}, { status }))).rejects.toMatchObject({ status });
    }
  });
});
