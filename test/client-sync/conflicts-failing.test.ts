import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { settleFields } from '../../client-sync/conflicts/settle-space.ts';
import type { Pouch, PouchDocument } from '../../client-sync/pouch/pouch-types.ts';
import { flowDocId } from '../../schema/index.ts';
import { openLocalDevices, type LocalDevice, type LocalDevices } from '../support/local-devices.ts';

const ids = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'] as const;

/** Writes of a document fail, as those of one that a rule cannot digest. */
function failWritesOf(db: Pouch, id: string): { mockRestore: () => void } {
  const write = db.bulkDocs.bind(db);
  return vi.spyOn(db, 'bulkDocs').mockImplementation((request: unknown, options?: unknown) => {
    const docs = (Array.isArray(request) ? request : (request as { docs: unknown }).docs) as PouchDocument[];
    if (docs.some((doc) => doc._id === id)) return Promise.reject(new Error(`${id} cannot be merged`));
    return write(request as never, options as never);
  });
}

describe('a document that cannot be settled', () => {
  let devices: LocalDevices;
  let reported: string[];
  beforeEach(async () => {
    devices = await openLocalDevices();
    reported = [];
    vi.stubGlobal('reportError', (error: Error) => reported.push(error.message));
  });
  afterEach(async () => {
    vi.unstubAllGlobals();
    await devices.close();
  });

  /** Two flows that two devices changed apart, in fields of which nobody has to be asked. */
  const twoToMerge = async (): Promise<LocalDevice> => {
    const [a, b] = [await devices.open(), await devices.open()];
    for (const id of ids) await a.workspace.flows.save({ id, name: 'start', flow: { nodes: [], edges: [] } });
    await a.push();
    await b.pull();
    for (const id of ids) {
      await a.workspace.flows.save({ id, name: 'renamed' });
      await b.workspace.flows.save({ id, description: 'described' });
    }
    await a.push();
    await b.pull();
    return b;
  };

  it('shows as a conflict, holds up no others, and is settled the next time', async () => {
    const { workspace, conflicts } = await twoToMerge();
    const failing = failWritesOf(workspace.space.main, flowDocId(ids[0]));
    expect((await conflicts.list()).map(({ flowId }) => flowId)).toEqual([ids[0]]);
    expect(await workspace.flows.read(ids[1])).toMatchObject({ name: 'renamed', description: 'described' });
    await conflicts.list();
    expect(reported).toEqual([`${flowDocId(ids[0])} cannot be merged`]);
    failing.mockRestore();
    expect(await conflicts.list()).toEqual([]);
    expect(await workspace.flows.read(ids[0])).toMatchObject({ name: 'renamed', description: 'described' });
  });

  it('holds up no others among those that merge by their fields', async () => {
    const { workspace } = await devices.open();
    const { main } = workspace.space;
    const names = ids.map((id) => `device:${id}`) as [string, string];
    const branch = (_id: string, digit: string, fields: object): PouchDocument => ({
      _id,
      type: 'device',
      schemaVersion: 1,
      createdAt: '2025-01-01T00:00:00.000Z',
      ...fields,
      _rev: `2-${digit.repeat(32)}`,
      _revisions: { start: 2, ids: [digit.repeat(32), '0'.repeat(32)] },
    });
    for (const _id of names) {
      const docs = [
        branch(_id, 'f', { name: 'Old', updatedAt: '2025-01-01T00:00:00.000Z' }),
        branch(_id, '1', { name: 'New', updatedAt: '2025-01-02T00:00:00.000Z' }),
      ];
      await main.bulkDocs({ docs, new_edits: false });
    }
    const failing = failWritesOf(main, names[0]);
    await settleFields(workspace);
    expect(await main.get(names[1], { conflicts: true })).toMatchObject({ name: 'New' });
    expect((await main.get(names[0], { conflicts: true }))._conflicts).toHaveLength(1);
    expect(reported).toEqual([`${names[0]} cannot be merged`]);
    failing.mockRestore();
    await settleFields(workspace);
    expect((await main.get(names[0], { conflicts: true }))._conflicts).toBeUndefined();
  });
});
