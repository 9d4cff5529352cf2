import { documentsWithBases, readBases, releaseBases } from '../../client-sync/local/bases.ts';
import type { Pouch } from '../../client-sync/pouch/pouch-types.ts';
import { flowDocId } from '../../schema/index.ts';
import { startFlow } from './flow-edits.ts';
import { openLocalDevices } from './local-devices.ts';

export interface AutosaveFigures {
  /** Revisions that the histories tell of, and bodies that are still there, here and at the other end. */
  revisions: number[];
  bodies: number[];
  leaves: number;
  /** The most bases that were kept at a time, and those at the end. */
  mostBases: number;
  bases: number;
  versions: number;
}

interface RevisionInfo {
  _revisions: { ids: string[] };
  _revs_info?: { rev: string; status: string }[];
}

async function lookAt(db: Pouch, docId: string): Promise<{ revisions: number; bodies: number }> {
  const options = { revs: true, revs_info: true };
  const found = (await db.get(docId, options)) as unknown as RevisionInfo;
  const bodies = (found._revs_info ?? []).filter(({ status }) => status === 'available');
  return { revisions: found._revisions.ids.length, bodies: bodies.length };
}

/** Saves a flow again and again, as autosave does, with a push and a pull after every few writes. */
export async function autosaveFor(
  writes: number,
  { bytes, pushEvery }: { bytes: number; pushEvery: number },
): Promise<AutosaveFigures> {
  const devices = await openLocalDevices();
  const id = '00000000-0000-4000-8000-00000000000b';
  const docId = flowDocId(id);
  try {
    const device = await devices.open();
    const db = device.workspace.space.main;
    await device.workspace.flows.save({ id, ...startFlow(), readme: 'x'.repeat(bytes) });
    let mostBases = 0;
    for (let write = 1; write <= writes; write += 1) {
      await device.workspace.flows.save({ id, description: `Saved ${write} times` });
      if (write % pushEvery > 0) continue;
      mostBases = Math.max(mostBases, (await readBases(db, docId)).size);
      const { update_seq } = await db.info();
      await device.push();
      await device.pull();
      await releaseBases({ db, pushedThrough: Number(update_seq) });
    }
    const [local, remote] = [await lookAt(db, docId), await lookAt(devices.server, docId)];
    const { doc_count } = await db.info();
    return {
      revisions: [local.revisions, remote.revisions],
      bodies: [local.bodies, remote.bodies],
      leaves: (await db.get(docId, { open_revs: 'all' })).length,
      mostBases,
      bases: (await documentsWithBases(db)).size,
      versions: doc_count - 1,
    };
  } finally {
    await devices.close();
  }
}
