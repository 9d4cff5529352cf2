import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLeaves } from '../../../server/couch/read-leaves.ts';
import { createEngineHttp, type EngineHttp } from '../../../server/couch/engine-http.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';

let engine: TestEngine;
let http: EngineHttp;
let database: string;

beforeEach(async () => {
  engine = await startTestEngine();
  http = createEngineHttp(engine.url);
  database = `${engine.prefix}settee-jobs`;
  await http.request(`/${database}?q=1`, { method: 'PUT' });
});

afterEach(async () => {
  await engine.stop();
});

async function idsOf(signal = new AbortController().signal, source = http): Promise<string[]> {
  const ids: string[] = [];
  const onUnreadable = ({ id }: { id: string }): void => void ids.push(`unreadable ${id}`);
  for await (const { _id } of readLeaves({ http: source, database, signal, onUnreadable })) ids.push(_id);
  return ids;
}

test('documents that are together larger than a page all come, in pages', async () => {
  const names = Array.from({ length: 16 }, (_, n) => `large-${n}`);
  for (const _id of names) {
    await http.request(`/${database}/${_id}`, { method: 'PUT', body: { text: 'x'.repeat(1_500_000) } });
  }
  const sizes: number[] = [];
  const source: EngineHttp = {
    ...http,
    async open(path, options) {
      const { docs } = (options?.body ?? {}) as { docs?: unknown[] };
      if (docs) sizes.push(docs.length);
      return http.open(path, options);
    },
  };
  expect(new Set(await idsOf(undefined, source))).toEqual(new Set(names));
  // 16 MiB hold ten of them: the page of sixteen was halved.
  expect(sizes).toEqual([16, 8, 8]);
});

test('a leaf that was replaced and compacted before it was read comes as its successor', async () => {
  const put = async (body: object): Promise<string> =>
    ((await http.request(`/${database}/doc`, { method: 'PUT', body })).body as { rev: string }).rev;
  const first = await put({ n: 1 });
  let replaced = false;
  const source: EngineHttp = {
    ...http,
    async open(path, options) {
      if (!path.includes('_bulk_get') || replaced) return http.open(path, options);
      replaced = true;
      await put({ n: 2, _rev: first });
      // As after a compaction: the engine has the revision no more.
      return Response.json({
        results: [{ id: 'doc', docs: [{ error: { id: 'doc', rev: first, error: 'not_found' } }] }],
      });
    },
  };
  expect(await idsOf(undefined, source)).toEqual(['doc']);
});

test('an abort ends the reading', async () => {
  await http.request(`/${database}/doc`, { method: 'PUT', body: {} });
  await expect(idsOf(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
});
