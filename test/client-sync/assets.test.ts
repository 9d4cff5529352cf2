import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAssetCache } from '../../client-sync/assets/asset-cache.ts';
import { assetIdOf } from '../../client-sync/assets/asset-bytes.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import { monthOf, personalDatabase, runsDatabase } from '../../schema/index.ts';
import { localPouch, remotePouch } from '../server/proxy/personal-account.ts';
import type { Browser } from './open-settee.ts';
import { graph, patient, useBrowsers } from './use-browsers.ts';

const picture = (seed: number, size = 90_000) =>
  new Blob([Uint8Array.from({ length: size }, (_, n) => (n * 7919 + seed) % 251)], { type: 'image/png' });
const bytesOf = async (blob: Blob | null) => (blob ? Buffer.from(await blob.arrayBuffer()) : null);

describe('assets', () => {
  const { server, openPair } = useBrowsers();

  /** Two browsers of a new person, and the database behind them. */
  async function openSynced() {
    const [a, b] = await openPair();
    const database = personalDatabase(
      a.settee.account.current()?.user.id ?? '',
      server.config.databasePrefix,
    );
    const token = () =>
      [...a.storage.values.values()].flatMap((text) => /"access":"([^"]+)"/.exec(text)?.[1] ?? [])[0] ?? '';
    return { a, b, database, token };
  }
  const sync = async (...all: Browser[]) => {
    for (const { settee } of all) await settee.sync.now();
  };
  const assetRequests = ({ network }: Browser) =>
    network.requests.filter((url) => /asset(?::|%3A)/.test(url));

  it('are sent, left out of the other browser’s pulls, fetched when asked for, and kept', async () => {
    const { a, b } = await openSynced();
    const flow = await a.settee.flows.save({ name: 'with a picture', flow: graph });
    const thumbnail = await a.settee.assets.put(picture(1), { flowId: flow.id });
    expect(thumbnail).toMatch(/^asset:[0-9a-f]{64}$/);
    await a.settee.flows.save({ id: flow.id, thumbnail });
    await sync(a, b);
    await expect.poll(async () => (await b.settee.flows.get(flow.id))?.thumbnail, patient).toBe(thumbnail);
    b.network.cut();
    expect(await b.settee.assets.get(thumbnail, { flowId: flow.id })).toBeNull();
    b.network.mend();
    const fetched = await b.settee.assets.get(thumbnail, { flowId: flow.id });
    expect(await bytesOf(fetched)).toEqual(await bytesOf(picture(1)));
    expect(fetched?.type).toBe('image/png');
    const asked = assetRequests(b).length;
    b.network.cut();
    expect(await bytesOf(await b.settee.assets.get(thumbnail))).toEqual(await bytesOf(picture(1)));
    expect(assetRequests(b)).toHaveLength(asked);
  });

  it('are there offline for whoever made them', async () => {
    const { a } = await openSynced();
    a.network.cut();
    const id = await a.settee.assets.put(picture(2));
    await a.reload();
    expect(await bytesOf(await a.settee.assets.get(id))).toEqual(await bytesOf(picture(2)));
    expect(assetRequests(a)).toEqual([]);
  });

  it('are one document with one revision, whoever stores the same bytes', async () => {
    const { a, b, database, token } = await openSynced();
    const ids = await Promise.all([a, b].map(({ settee }) => settee.assets.put(picture(3))));
    expect(ids[0]).toBe(ids[1]);
    await sync(a, b);
    const plain = localPouch();
    await plain.replicate.from(remotePouch(`${server.url}/db/${database}`, token));
    const doc = await plain.get(ids[0] ?? '', { conflicts: true, attachments: true });
    expect(doc._conflicts).toBeUndefined();
    expect(doc._attachments?.data).toMatchObject({ content_type: 'image/png' });
    await plain.destroy();
    expect(await a.settee.refused.list()).toEqual([]);
  });

  it('are not taken where the bytes are not those of the name', async () => {
    const { a, b, database } = await openSynced();
    const id = await a.settee.assets.put(picture(4));
    await sync(a);
    const engine = new URL(server.engineUrl);
    const authorization = `Basic ${Buffer.from(`${engine.username}:${engine.password}`).toString('base64')}`;
    const at = `${engine.origin}/${database}/${encodeURIComponent(id)}`;
    const { _rev } = (await (await fetch(at, { headers: { authorization } })).json()) as { _rev: string };
    const forged = await fetch(`${at}/data?rev=${_rev}`, {
      method: 'PUT',
      headers: { authorization, 'content-type': 'image/png' },
      body: 'another picture',
    });
    expect(forged.status).toBe(201);
    expect(await b.settee.assets.get(id)).toBeNull();
  });

  it('come without a type that a page would run', async () => {
    const { a } = await openSynced();
    const page = new Blob(['<script>alert(1)</script>'], { type: 'text/html' });
    const drawing = new Blob(['<svg onload="alert(1)"/>'], { type: 'image/svg+xml' });
    for (const blob of [page, drawing]) {
      const id = await a.settee.assets.put(blob);
      expect((await a.settee.assets.get(id))?.type).toBe('application/octet-stream');
    }
  });

  it('come back after a deletion', async () => {
    const { a, database, token } = await openSynced();
    const id = await a.settee.assets.put(picture(5));
    await sync(a);
    const remote = remotePouch(`${server.url}/db/${database}`, token);
    await remote.remove(await remote.get(id));
    await sync(a);
    expect(await a.settee.assets.get(id)).toBeNull();
    await a.settee.assets.put(picture(5));
    expect(await bytesOf(await a.settee.assets.get(id))).toEqual(await bytesOf(picture(5)));
    await sync(a);
    expect(await remote.get(id)).toMatchObject({ type: 'asset' });
  });

  it('hold the large outputs of runs, which come back when a run is read', async () => {
    const { a, b, database, token } = await openSynced();
    const flow = await a.settee.flows.save({ name: 'talkative', flow: graph });
    const { id, startedAt } = await a.settee.executions.start({ flowId: flow.id });
    const output = { text: 'x'.repeat(100_000) };
    const results = [
      { nodeId: 'long', output: 'y'.repeat(100_000), executedAt: startedAt },
      { nodeId: 'short', output: 'z', executedAt: startedAt },
    ];
    await a.settee.executions.complete(id, { status: 'completed', output, results });
    expect(await a.settee.executions.get(id)).toMatchObject({ output, results });
    await sync(a, b);
    const month = runsDatabase(database, monthOf(new Date(startedAt)));
    const remote = remotePouch(`${server.url}/db/${month}`, token);
    const stored = await remote.get(`execution:${id}`);
    expect(JSON.stringify(stored).length).toBeLessThan(2000);
    await expect.poll(async () => (await b.settee.executions.list()).total, patient).toBe(1);
    expect(assetRequests(b)).toEqual([]);
    expect(await b.settee.executions.get(id)).toMatchObject({ output, results });
    b.network.cut();
    expect(await b.settee.executions.get(id)).toMatchObject({ output, results });
    await a.settee.executions.complete(id, { status: 'completed', output: 'short' });
    const shortened = await a.settee.executions.get(id);
    expect(shortened).toMatchObject({ output: 'short' });
    expect(shortened).not.toHaveProperty('outputAsset');
  });

  it('keeps so many bytes of what was fetched, the newest', async () => {
    const opener = await createPouchOpener('memory');
    const notes = opener.openLocal(`cache-${randomUUID()}`);
    let time = 0;
    const cache = createAssetCache(notes, () => (time += 1), 250_000);
    const ids: string[] = [];
    for (const seed of [1, 2, 3, 4]) {
      const blob = picture(seed);
      const id = assetIdOf(new Uint8Array(await blob.arrayBuffer()));
      ids.push(id);
      await cache.keep(id, blob);
    }
    const kept = await Promise.all(ids.map((id) => cache.read(id)));
    expect(kept.map((blob) => blob !== null)).toEqual([false, false, true, true]);
    await cache.keep(ids[0] ?? '', picture(1));
    expect(await bytesOf(await cache.read(ids[0] ?? ''))).toEqual(await bytesOf(picture(1)));
  });
});
