import { describe, expect, it } from 'vitest';
import { assetIdOf, readAsset, storeAsset } from '../../client-sync/assets/asset-bytes.ts';
import { createAssetCache } from '../../client-sync/assets/asset-cache.ts';
import { readVersions } from '../../client-sync/local/version-store.ts';
import { computeRevision } from '../../flow/revision.ts';
import { putRevision } from '../../client-sync/local/local-documents.ts';
import type { FlowDocument } from '../../schema/index.ts';
import {
  copies,
  grant,
  graph,
  iso,
  month,
  pulled,
  revoke,
  runsOf,
  spaceId,
  useDevice,
  work,
} from './ending-space.ts';
import { quotaExceeded } from './faulty-memory.ts';
import { patient } from './use-browsers.ts';

describe('a space that goes', () => {
  const { faults, open, forget, losePersonal } = useDevice();

  it('leaves what was not pushed in the personal space: flows, versions and runs', async () => {
    const workspace = await open();
    const flow = await work(await grant(workspace, 'one'));
    await revoke(workspace);
    expect(workspace.get(spaceId)).toBeNull();
    const [copy] = await copies(workspace);
    expect(copy).toMatchObject({ name: 'Mine (copy)', parentFlowId: flow.id, tags: ['kept'] });
    const copyId = copy?._id.slice('flow:'.length) ?? '';
    expect(copyId).not.toBe(flow.id);
    const versions = await readVersions(workspace.personal.space.main, copyId);
    expect(versions.map(({ snapshot }) => snapshot.name)).toEqual(['Mine']);
    expect(await runsOf(workspace)).toMatchObject([{ flowId: copyId, status: 'completed' }]);
    expect(await workspace.notices.list()).toMatchObject([
      { kind: 'rescued', spaceName: 'Team', flowIds: [copyId] },
    ]);
  });

  it('leaves the assets of what was not pushed, those that were only fetched among them', async () => {
    const workspace = await open();
    const team = await grant(workspace, 'one');
    const [own, fetched] = ['own', 'fetched'].map((text) => new TextEncoder().encode(text));
    const ids = [own, fetched].map((bytes) => assetIdOf(bytes as Uint8Array));
    await storeAsset(team.space.main, own as Uint8Array, { contentType: 'image/png' });
    await createAssetCache(team.space.notes, Date.now).keep(ids[1] as string, new Blob(['fetched']));
    await team.flows.save({ name: 'Mine', flow: graph, thumbnail: ids[0], image: ids[1] });
    await revoke(workspace);
    const kept = ids.map(async (id) => (await readAsset(workspace.personal.space.main, id))?.text());
    expect(await Promise.all(kept)).toEqual(['own', 'fetched']);
  });

  it('stays until what it has can be read', async () => {
    const dying = await open();
    const team = await grant(dying, 'one');
    const bytes = new TextEncoder().encode('own');
    const id = await storeAsset(team.space.main, bytes, { contentType: 'image/png' });
    await team.flows.save({ name: 'Mine', flow: graph, thumbnail: id });
    const get = team.space.main.get.bind(team.space.main) as (docId: string) => Promise<unknown>;
    const failing = (docId: string, ...rest: []) => {
      if (docId === id) throw quotaExceeded();
      return get(docId, ...rest);
    };
    team.space.main.get = failing as unknown as typeof team.space.main.get;
    await revoke(dying);
    expect(await copies(dying)).toEqual([]);
    await dying.close();
    const next = await open();
    expect((await copies(next)).map((copy) => copy.name)).toEqual(['Mine (copy)']);
    expect(await (await readAsset(next.personal.space.main, id))?.text()).toBe('own');
  });

  it('keeps a write that was under way, or says that it failed', async () => {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      forget();
      const workspace = await open();
      const team = await grant(workspace, 'one');
      const revoking = revoke(workspace);
      for (let turn = 0; turn < attempt * 10; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      const isSaved = await team.flows.save({ name: 'On its way', flow: graph }).then(
        () => true,
        () => false,
      );
      await revoking;
      expect([attempt, (await copies(workspace)).length]).toEqual([attempt, isSaved ? 1 : 0]);
    }
  });

  it('takes with it what others wrote, also where a pull was cut short', async () => {
    const workspace = await open();
    const team = await grant(workspace, 'one');
    await pulled(team, 'Theirs');
    const own = await team.flows.save({ name: 'Mine, on the server', flow: graph });
    // Edited by somebody else, and pulled.
    const edited = { ...(await team.flows.read(own.id)), name: 'Edited by them' } as FlowDocument;
    const { _rev, ...doc } = edited;
    await putRevision(team.space.main, { ...doc }, computeRevision(doc, 2, _rev), _rev);
    await revoke(workspace);
    expect(await copies(workspace)).toEqual([]);
    expect(await workspace.notices.list()).toMatchObject([{ kind: 'rescued', flowIds: [] }]);
  });

  it('keeps every leaf of its own of an unsettled conflict', async () => {
    const workspace = await open();
    const team = await grant(workspace, 'one');
    const flow = await team.flows.save({ name: 'start', flow: graph });
    await team.flows.save({ ...flow, name: 'of A' });
    await team.flows.save({ ...flow, name: 'of B' });
    await revoke(workspace);
    expect((await copies(workspace)).map((copy) => copy.name).toSorted()).toEqual([
      'of A (copy)',
      'of B (copy)',
    ]);
  });

  it('keeps what the server refused', async () => {
    const workspace = await open();
    const team = await grant(workspace, 'one');
    const flow = await team.flows.save({ name: 'Refused', flow: graph });
    const { update_seq } = await team.space.main.info();
    await team.space.main.put({ _id: '_local/pushed', sequence: Number(update_seq) });
    await team.refused.add({
      docId: `flow:${flow.id}`,
      revision: flow.revision ?? '',
      reason: 'Too large',
      at: iso(),
      place: 'main',
    });
    await revoke(workspace);
    expect((await copies(workspace)).map((copy) => copy.name)).toEqual(['Refused (copy)']);
  });

  it('leaves nothing behind of what the server has', async () => {
    const workspace = await open();
    const team = await grant(workspace, 'one');
    await work(team);
    for (const db of [team.space.main, await team.space.runs(month)]) {
      const { update_seq } = await db.info();
      await db.put({ _id: '_local/pushed', sequence: Number(update_seq) });
    }
    await revoke(workspace, 'space_deleted');
    expect(await copies(workspace)).toEqual([]);
    expect(await runsOf(workspace)).toEqual([]);
    expect(await workspace.notices.list()).toMatchObject([{ kind: 'space-deleted', flowIds: [] }]);
  });

  it('is kept and begun anew where the role was lowered', async () => {
    const workspace = await open();
    await work(await grant(workspace, 'one'));
    const team = await grant(workspace, 'two', 'viewer');
    expect(team.info.role).toBe('viewer');
    expect((await team.space.main.info()).doc_count).toBe(0);
    expect((await copies(workspace)).map((copy) => copy.name)).toEqual(['Mine (copy)']);
    expect(await workspace.notices.list()).toMatchObject([{ kind: 'role-lowered' }]);
  });

  it('starts clean when it is granted again', async () => {
    const workspace = await open();
    await work(await grant(workspace, 'one'));
    await revoke(workspace);
    const team = await grant(workspace, 'two');
    expect((await team.space.main.info()).doc_count).toBe(0);
    expect(team.space.months()).toEqual([]);
  });

  it('stays while nothing says that the membership has ended', async () => {
    const workspace = await open();
    await work(await grant(workspace, 'one'));
    await workspace.close();
    // The browser has removed the personal database, and nothing else.
    await losePersonal();
    const reopened = await open();
    expect(reopened.get(spaceId)?.info.name).toBe('Team');
  });

  it('loses nothing and doubles nothing, wherever the page dies', async () => {
    /** Whether it came to the end within so many writes. */
    const dieAfter = async (writes: number): Promise<boolean> => {
      forget();
      const dying = await open();
      await work(await grant(dying, 'one'));
      let left = writes;
      faults.onWrite(({ ids }) => {
        if (ids[0]?.startsWith('membership:') === true) return undefined;
        left -= 1;
        return left < 0 ? quotaExceeded() : undefined;
      });
      await revoke(dying);
      faults.onWrite(null);
      await dying.close();
      return left >= 0;
    };
    for (let writes = 0; ; writes += 1) {
      const isDone = await dieAfter(writes);
      const next = await open();
      const kept = await copies(next);
      const copyId = kept[0]?._id.slice('flow:'.length) ?? '';
      expect(kept.map((copy) => copy.name)).toEqual(['Mine (copy)']);
      expect(await runsOf(next)).toMatchObject([{ flowId: copyId }]);
      expect(await readVersions(next.personal.space.main, copyId)).toHaveLength(1);
      expect(await next.notices.list()).toMatchObject([{ kind: 'rescued', flowIds: [copyId] }]);
      const left = await next.personal.space.notes.allDocs({ startkey: 'copy:', endkey: 'copy:\uffff' });
      expect(left.rows).toEqual([]);
      if (isDone) {
        expect(writes).toBeGreaterThanOrEqual(5);
        return;
      }
    }
  });

  it('is rescued without a restart once there is storage again', async () => {
    const workspace = await open();
    await work(await grant(workspace, 'one'));
    let failed = 0;
    faults.onWrite(({ ids }) => {
      if (ids[0]?.startsWith('flow:') !== true) return undefined;
      failed += 1;
      return quotaExceeded();
    });
    await revoke(workspace);
    expect(workspace.get(spaceId)).toBeNull();
    await expect.poll(() => failed, patient).toBeGreaterThan(2);
    faults.onWrite(null);
    await expect.poll(() => workspace.notices.list(), patient).toMatchObject([{ kind: 'rescued' }]);
    expect((await copies(workspace)).map((copy) => copy.name)).toEqual(['Mine (copy)']);
  });

  it('leaves a copy alone that was changed or deleted before the rescue could end', async () => {
    const dying = await open();
    await work(await grant(dying, 'one'));
    faults.onWrite(({ ids }) => (ids[0]?.startsWith('notice:') === true ? quotaExceeded() : undefined));
    await revoke(dying);
    const [copy] = await copies(dying);
    await dying.personal.flows.save({ id: copy?._id.slice('flow:'.length) ?? '', name: 'Mine again' });
    faults.onWrite(null);
    await dying.close();
    expect((await copies(await open())).map((kept) => kept.name)).toEqual(['Mine again']);
  });
});
