import { describe, expect, it } from 'vitest';
import type { Browser } from './open-settee.ts';
import { names } from './space-members.ts';
import { graph, patient, useBrowsers } from './use-browsers.ts';

describe('documents that the server refuses', () => {
  const { server, openPair } = useBrowsers();
  const refusedIn = async ({ settee }: Browser) => (await settee.refused.list()).map(({ docId }) => docId);

  it('are listed with the reason, hold up no others, and are offered again after an edit', async () => {
    const [a, b] = await openPair();
    const bad = await a.settee.flows.save({ name: 'bad', category: 'x'.repeat(200), flow: graph });
    await a.settee.flows.save({ name: 'good', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['good']);
    await expect.poll(() => refusedIn(a), patient).toEqual([`flow:${bad.id}`]);
    const [refusal] = await a.settee.refused.list();
    expect(refusal?.reason).toMatch(/category/);
    expect(refusal?.revision).toBe(bad.revision);
    await expect.poll(() => a.settee.status.get(), patient).toMatchObject({ state: 'attention', refused: 1 });
    expect(await a.settee.refused.retry(`flow:${bad.id}`)).toBe(false);
    await a.reload();
    expect(await refusedIn(a)).toEqual([`flow:${bad.id}`]);
    await a.settee.flows.save({ id: bad.id, category: 'short' });
    await expect.poll(() => names(b), patient).toEqual(['bad', 'good']);
    await expect.poll(() => refusedIn(a), patient).toEqual([]);
    await expect.poll(() => a.settee.status.get().state, patient).toBe('up-to-date');
  });

  it('are told to be too large, and can be given up', async () => {
    const [a, b] = await openPair();
    const kept = await a.settee.flows.save({ name: 'kept', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['kept']);
    const huge = { nodes: [], edges: [], note: 'x'.repeat(9_000_000) };
    const created = await a.settee.flows.save({ name: 'huge', flow: huge });
    await a.settee.flows.save({ id: kept.id, flow: huge, name: 'kept, and huge' });
    await a.settee.flows.save({ name: 'small', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['kept', 'small']);
    await expect.poll(() => refusedIn(a), patient).toHaveLength(2);
    for (const { reason } of await a.settee.refused.list()) expect(reason).toMatch(/large|size/i);
    await expect(a.settee.account.signOut()).rejects.toMatchObject({ code: 'unpushed_changes', count: 2 });
    await a.settee.refused.discard(`flow:${created.id}`);
    await a.settee.refused.discard(`flow:${kept.id}`);
    expect(await names(a)).toEqual(['kept', 'small']);
    await expect
      .poll(() => a.settee.status.get(), patient)
      .toMatchObject({ state: 'up-to-date', refused: 0 });
    await b.settee.sync.now();
    expect(await names(b)).toEqual(['kept', 'small']);
    await a.settee.account.signOut();
  });

  it('because its engine failed again and again are offered again at the next start', async () => {
    const [a, b] = await openPair();
    const { id } = await a.settee.flows.save({ name: 'start', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['start']);
    a.network.intercept((url, init) => {
      if (!url.endsWith('/_bulk_docs')) return undefined;
      const { docs } = JSON.parse(init.body as string) as { docs: { _id: string; _rev: string }[] };
      const failed = docs.map(({ _id, _rev }) => ({
        id: _id,
        rev: _rev,
        error: 'internal_server_error',
        reason: 'no quorum',
      }));
      return Promise.resolve(Response.json(failed, { status: 201 }));
    });
    await a.settee.flows.save({ id, name: 'unlucky' });
    await expect.poll(() => refusedIn(a), patient).toEqual([`flow:${id}`]);
    expect((await a.settee.refused.list())[0]?.reason).toBe('no quorum');
    a.network.intercept(null);
    await a.reload();
    await expect.poll(() => names(b), patient).toEqual(['unlucky']);
    await expect.poll(() => refusedIn(a), patient).toEqual([]);
  });

  it('with attachments are given up for the server’s, bytes and all', { timeout: 90_000 }, async () => {
    const [a, b] = await openPair();
    const { id } = await a.settee.flows.save({ name: 'start', flow: graph });
    await expect.poll(() => names(b), patient).toEqual(['start']);
    a.network.cut();
    const { spaces, couch } = server.services;
    const personal = await spaces.personal(a.settee.account.current()?.user.id ?? '');
    const database = couch.admin<{ name?: string }>(personal.database);
    const stored = await database.get(`flow:${id}`);
    const text = 'a picture of a settee '.repeat(400_000);
    const picture = { content_type: 'text/plain', data: Buffer.from(text).toString('base64') };
    await database.insert({ ...stored, name: 'with a picture', _attachments: { picture } } as never);
    await a.settee.flows.save({ id, category: 'x'.repeat(200) });
    await a.settee.flows.save({ id, name: 'mine' });
    await a.settee.flows.save({ id, name: 'mine again' });
    a.network.intercept((url) =>
      /_changes|_bootstrap/.test(url) ? Promise.reject(new TypeError('lost')) : undefined,
    );
    a.network.mend();
    a.settee.sync.now().catch(() => {});
    await expect.poll(() => refusedIn(a), patient).toEqual([`flow:${id}`]);
    await a.settee.refused.discard(`flow:${id}`);
    expect(await names(a)).toEqual(['with a picture']);
    a.network.intercept(null);
    await a.settee.sync.now();
    expect(await refusedIn(a)).toEqual([]);
    await expect.poll(() => names(b), patient).toEqual(['with a picture']);
    const kept = await database.attachment.get(`flow:${id}`, 'picture');
    expect(kept.toString()).toBe(text);
    await a.settee.flows.save({ id, name: 'with a picture, renamed' });
    await a.settee.sync.now();
    expect((await database.attachment.get(`flow:${id}`, 'picture')).length).toBe(text.length);
    expect(await refusedIn(a)).toEqual([]);
  });

  it('are found out one by one where the whole request is refused', async () => {
    const [a, b] = await openPair();
    a.network.intercept((url, init) => {
      if (!url.endsWith('/_bulk_docs') || !(init.body as string).includes('poison')) return undefined;
      const body = JSON.stringify({ error: 'too_large', reason: 'the request entity is too large' });
      return Promise.resolve(
        new Response(body, { status: 413, headers: { 'content-type': 'application/json' } }),
      );
    });
    a.settee.sync.pause();
    for (const name of ['1', '2', 'poison', '4', '5']) await a.settee.flows.save({ name, flow: graph });
    a.settee.sync.resume();
    await expect.poll(() => names(b), patient).toEqual(['1', '2', '4', '5']);
    await expect.poll(() => refusedIn(a), patient).toHaveLength(1);
    a.network.intercept(null);
    const [docId] = await refusedIn(a);
    expect(await a.settee.refused.retry(docId as string)).toBe(true);
    await expect.poll(() => names(b), patient).toContain('poison');
    expect(await refusedIn(a)).toEqual([]);
  });
});
