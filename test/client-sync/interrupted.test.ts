import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLeaves } from '../../client-sync/conflicts/leaves.ts';
import { resolveConflict } from '../../client-sync/conflicts/resolve-conflict.ts';
import { createDocumentIndex } from '../../client-sync/local/document-index.ts';
import { createFlowStore } from '../../client-sync/local/flow-store.ts';
import { summarizeFlow } from '../../client-sync/local/flow-summary.ts';
import { keepVersion, readVersion } from '../../client-sync/local/version-store.ts';
import { createPouchOpener } from '../../client-sync/pouch/open-pouch.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';
import type { SpaceWorkspace } from '../../client-sync/workspace.ts';
import { makeVersion } from '../../flow/version.ts';
import { flowDocId } from '../../schema/ids.ts';
import type { FlowDocument } from '../../schema/index.ts';
import { createFaults, quotaExceeded, type Faults } from './faulty-memory.ts';

const graph = { nodes: [], edges: [] };

describe('a conflict', () => {
  let faults: Faults;
  let db: Pouch;
  let endings: (() => void)[] = [];
  beforeEach(async () => {
    faults = createFaults();
    db = (await createPouchOpener(faults.adapter)).openLocal(`conflict-${randomUUID()}`);
  });
  afterEach(async () => {
    for (const end of endings.splice(0)) end();
    faults.onWrite(null);
    await db.destroy();
  });
  const openStore = () => {
    const index = createDocumentIndex({ db, prefix: 'flow:', summarize: summarizeFlow });
    endings.push(index.close);
    return createFlowStore({ db, index, iso: () => new Date().toISOString() });
  };
  const makeConflict = async () => {
    const store = openStore();
    const first = await store.save({ name: 'start', flow: graph });
    await store.save({ ...first, name: 'of A' });
    await store.save({ ...first, name: 'of B' });
    return { store, docId: flowDocId(first.id) };
  };
  const leafNamed = async (docId: string, name: string) => {
    const { live } = await readLeaves(db, docId);
    return live.find((leaf) => leaf.name === name) as FlowDocument;
  };
  const resolve = (store: ReturnType<typeof openStore>, docId: string) => {
    const info = { kind: 'personal', role: 'owner' };
    const workspace = { info, space: { main: db }, flows: store } as unknown as SpaceWorkspace;
    return resolveConflict({ workspace, docId, choice: { keep: 'local' }, iso: new Date().toISOString() });
  };

  it('keeps its losing side where the same version was deleted before', async () => {
    const { store, docId } = await makeConflict();
    const loser = await leafNamed(docId, 'of A');
    const version = await keepVersion(db, loser);
    const stored = await db.get(version._id);
    await db.put({ ...stored, _deleted: true });
    expect(await readVersion(db, version._id)).toBeNull();
    await resolve(store, docId);
    expect((await readVersion(db, version._id))?.snapshot.name).toBe('of A');
    await keepVersion(db, loser);
    const leaves = await db.get(version._id, { open_revs: 'all' });
    expect(leaves).toHaveLength(1);
  });

  it('keeps its losing side where another content stands in the version’s place', async () => {
    const { store, docId } = await makeConflict();
    const version = makeVersion(await leafNamed(docId, 'of A'));
    await db.bulkDocs([{ ...version, _rev: `9-${'f'.repeat(32)}`, snapshot: { name: 'forged' } }], {
      new_edits: false,
    });
    await resolve(store, docId);
    expect((await readVersion(db, version._id))?.snapshot.name).toBe('of A');
  });

  it('loses nothing wherever its end is interrupted, and can be ended afterwards', async () => {
    for (let failing = 1; ; failing += 1) {
      const { store, docId } = await makeConflict();
      const version = makeVersion(await leafNamed(docId, 'of A'))._id;
      let writes = 0;
      faults.onWrite(() => ((writes += 1) >= failing ? quotaExceeded() : undefined));
      const outcome = await resolve(store, docId).then(
        () => 'done',
        () => 'interrupted',
      );
      faults.onWrite(null);
      const { live } = await readLeaves(db, docId);
      const isKept = (await readVersion(db, version)) !== null;
      expect(isKept || live.some(({ name }) => name === 'of A')).toBe(true);
      expect(live.some(({ name }) => name === 'of B')).toBe(true);
      if (outcome === 'done') break;
      if (live.length > 1) await resolve(openStore(), docId);
      const after = await readLeaves(db, docId);
      expect(after.live.map(({ name }) => name)).toEqual(['of B']);
      expect((await readVersion(db, version))?.snapshot.name).toBe('of A');
      expect(failing).toBeLessThan(20);
    }
  });
});
