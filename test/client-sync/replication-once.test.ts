import { describe, expect, it, vi } from 'vitest';
import { noteBases, readBases } from '../../client-sync/local/bases.ts';
import type { PouchDocument } from '../../client-sync/pouch/pouch-types.ts';
import type { OneShot } from '../../client-sync/replication/pull.ts';
import { createScheduler } from '../../client-sync/replication/scheduler.ts';
import { makeFlowDocuments } from '../support/flows.ts';
import { useSettee } from '../support/use-settee.ts';
import { openPair, runAll, type Pair } from './replication-pair.ts';

const flows = (seed: number, count: number): PouchDocument[] =>
  JSON.parse(JSON.stringify(makeFlowDocuments({ seed, count, size: 1000 }))) as PouchDocument[];
const flow = (seed: number, changes: object = {}): PouchDocument =>
  Object.assign(flows(seed, 1)[0] as PouchDocument, changes);
const other = `2-${'a'.repeat(32)}`;

describe('replication in one go', () => {
  const server = useSettee();
  /** Two devices of one account. */
  const twoDevices = async (): Promise<[Pair, Pair]> => {
    const account = await server.register();
    const given = { token: account.accessToken, id: account.user.id };
    return [await openPair(server, given), await openPair(server, given)];
  };
  const flowsIn = async ({ local }: Pair) =>
    (await local.allDocs({ startkey: 'flow:', endkey: 'flow;' })).rows.length;
  const leavesOf = async ({ local }: Pair, id: string) => {
    const leaves = await local.get(id, { open_revs: 'all' });
    return new Set(leaves.flatMap((leaf) => ('ok' in leaf ? [leaf.ok._rev] : [])));
  };

  it('carries documents, branches and the ends of branches, in batches', async () => {
    const [a, b] = await twoDevices();
    const docs = flows(1, 25);
    await a.local.bulkDocs(docs);
    const [first, second] = docs as [PouchDocument, PouchDocument];
    const { _rev: revision } = await a.local.get(first._id);
    await a.local.put({ ...first, _rev: revision, name: 'newer' });
    const branch = {
      ...first,
      name: 'elsewhere',
      _rev: other,
      _revisions: { start: 2, ids: ['a'.repeat(32)] },
    };
    await a.local.bulkDocs({ docs: [branch], new_edits: false });
    const { _rev: kept } = await a.local.get(second._id);
    const ended = { _id: second._id, type: 'flow', _deleted: true, resolvedInto: kept, _rev: other };
    await a.local.bulkDocs({
      docs: [{ ...ended, _revisions: { start: 2, ids: ['a'.repeat(32)] } }],
      new_edits: false,
    });
    expect(await runAll(a.push({ batchSize: 10 }))).toBe(27);
    await runAll(b.pull({ batchSize: 7 }));
    expect(await leavesOf(b, first._id)).toEqual(await leavesOf(a, first._id));
    expect(await leavesOf(b, second._id)).toEqual(await leavesOf(a, second._id));
    const shown = async ({ local }: Pair) =>
      (await local.allDocs({ startkey: 'flow:', endkey: 'flow;', include_docs: true })).rows;
    expect(await shown(b)).toEqual(await shown(a));
    await runAll(a.pull());
    expect(await runAll(a.pull())).toBe(0);
    expect(await runAll(b.push())).toBe(0);
  });

  it('keeps what it sends of a document that is being edited as a base, and nothing of others', async () => {
    const [a] = await twoDevices();
    const [edited, untouched] = flows(5, 2) as [PouchDocument, PouchDocument];
    await a.local.bulkDocs([edited, untouched]);
    await runAll(a.push());
    const before = await a.local.get(edited._id);
    await noteBases(a.local, [before]);
    const { rev } = await a.local.put({ ...before, name: 'newer' });
    await a.local.put({ ...(await a.local.get(untouched._id)), name: 'newer' });
    await runAll(a.push());
    expect([...(await readBases(a.local, edited._id)).keys()]).toEqual([before._rev, rev]);
    expect([...(await readBases(a.local, untouched._id)).keys()]).toEqual([]);
  });

  it('goes on where an ordinary replication stopped, and the other way round', async () => {
    const [a, b] = await twoDevices();
    await a.local.bulkDocs(flows(2, 30));
    const push = a.push({ batchSize: 10 });
    await push.step();
    await push.save();
    a.requests.length = 0;
    const pushed = await a.local.replicate.to(a.remote, {});
    expect(pushed.docs_written).toBe(20);
    const asked = a.requests.filter((request) => request.includes('_bulk_docs'));
    expect(asked).toHaveLength(1);
    await a.local.put(flow(3));
    expect(await runAll(a.push())).toBe(1);

    const pull = b.pull({ batchSize: 10 });
    await pull.step();
    await pull.save();
    const pulled = await b.local.replicate.from(b.remote, {});
    expect(pulled.docs_read).toBe(22);
    expect(await flowsIn(b)).toBe(31);
    b.requests.length = 0;
    expect(await runAll(b.pull())).toBe(0);
    expect(b.requests.filter((request) => request.includes('_bulk_get'))).toEqual([]);
    expect(b.requests.filter((request) => request.includes('since=0'))).toEqual([]);
  });

  it('has not passed what it could not store', async () => {
    const [a, b] = await twoDevices();
    await a.local.bulkDocs(flows(5, 5));
    await runAll(a.push());
    const pull = b.pull();
    const writing = vi.spyOn(b.local, 'bulkDocs').mockRejectedValue(new Error('no room'));
    await expect(pull.step()).rejects.toThrow('no room');
    expect(pull.sequence()).toBeNull();
    writing.mockRestore();
    await runAll(pull);
    expect(await flowsIn(b)).toBe(5);
  });

  it('does not pass over what could not be read', async () => {
    const [a, b] = await twoDevices();
    await a.local.bulkDocs(flows(8, 3));
    const push = a.push();
    const read = a.local.bulkGet.bind(a.local);
    const reading = vi.spyOn(a.local, 'bulkGet').mockImplementationOnce(async (request) => {
      const answer = await read(request);
      const [first, ...others] = answer.results;
      const failed = { id: first?.id ?? '', docs: [{ error: { status: 500, name: 'indexed_db_went_bad' } }] };
      return { results: [failed, ...others] };
    });
    await expect(push.step()).rejects.toMatchObject({ name: 'indexed_db_went_bad' });
    expect(push.sequence()).toBeNull();
    reading.mockRestore();
    await runAll(push);
    await runAll(b.pull());
    expect(await flowsIn(b)).toBe(3);
  });

  it('asks the server twice for a pull and once for a push of what is new', async () => {
    const [a, b] = await twoDevices();
    const push = a.push({ isNew: () => true });
    const pull = b.pull();
    await Promise.all([runAll(push), runAll(pull)]);
    a.requests.length = 0;
    b.requests.length = 0;
    await a.local.put(flow(6));
    await runAll(push);
    await runAll(pull);
    expect(a.requests).toEqual(['POST /_bulk_docs']);
    expect(b.requests).toHaveLength(2);
    expect(b.requests[0]).toMatch(/^GET \/_changes\?/);
    expect(b.requests[1]).toMatch(/^POST \/_bulk_get\?/);
  });

  it('passes over what came from the server without a request', async () => {
    const [a, b] = await twoDevices();
    await a.local.bulkDocs(flows(7, 5));
    await runAll(a.push());
    const push = b.push({ isThere: () => true });
    await runAll(push);
    await runAll(b.pull());
    b.requests.length = 0;
    expect(await runAll(push)).toBe(0);
    expect(b.requests).toEqual([]);
    expect(push.sequence()).toBe((await b.local.info()).update_seq);
  });

  it('goes on behind a document that is refused, and says which', async () => {
    const [a] = await twoDevices();
    const bad = flow(8, { category: 'x'.repeat(200) });
    const good = flow(9);
    await a.local.bulkDocs([bad, good]);
    const push = a.push();
    await runAll(push);
    expect(a.refused.map(({ docId }) => docId)).toEqual([bad._id]);
    expect(push.sequence()).toBe((await a.local.info()).update_seq);
    await expect(a.remote.get(good._id)).resolves.toMatchObject({ name: good.name });
  });

  it('carries attachments both ways, and none that is here already', async () => {
    const [a, b] = await twoDevices();
    const text = 'a picture of a settee '.repeat(10_000);
    const picture = { content_type: 'image/png', data: Buffer.from(text).toString('base64') };
    const doc = flow(10, { _attachments: { 'a picture': picture } });
    await a.local.put(doc);
    await runAll(a.push());
    const pull = b.pull();
    await runAll(pull);
    expect(String(await b.local.getAttachment(doc._id, 'a picture'))).toBe(text);
    const stored = await a.local.get(doc._id);
    await a.local.put({ ...stored, name: 'renamed' });
    await runAll(a.push());
    b.requests.length = 0;
    await runAll(pull);
    expect(await b.local.get(doc._id)).toMatchObject({ name: 'renamed' });
    expect(String(await b.local.getAttachment(doc._id, 'a picture'))).toBe(text);
    expect(b.requests.filter((request) => request.includes('picture'))).toEqual([]);
  });

  it('fails where the local database has gone, and holds up no end of sync', async () => {
    const { local, push, pull } = await openPair(server);
    await local.bulkDocs(flows(11, 2));
    const [sent, taken] = [push(), pull()];
    await runAll(sent);
    await runAll(taken);
    const scheduler = createScheduler();
    const replicate = (key: string, oneShot: OneShot) =>
      scheduler.run({ space: 'personal', key, step: async () => (await oneShot.step()).more });
    const gone = local.destroy();
    const during = Promise.allSettled([replicate('push', sent), replicate('pull', taken)]);
    await gone;
    const after = [replicate('push again', sent), replicate('pull again', taken)];
    await Promise.all([during, ...after.map((run) => expect(run).rejects.toThrow('database is destroyed'))]);
    await scheduler.drop('personal');
  });
});
