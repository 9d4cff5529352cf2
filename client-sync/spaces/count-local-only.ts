import type { Pouch } from '../pouch/pouch-types.ts';
import { countUnpushed } from '../replication/pending-changes.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { listCopies } from './copies.ts';
import type { SpaceSet } from './space-set.ts';

/** How many documents would be lost with the local data: in open spaces, and in copies not opened or rescued yet. */
export async function countLocalOnly(
  { all, find, openHidden }: Pick<SpaceSet, 'all' | 'find' | 'openHidden'>,
  notes: Pouch,
): Promise<number> {
  let count = 0;
  // Before the personal space, into which another tab may be rescuing them.
  for (const copy of await listCopies(notes)) {
    if (find(copy.name)) continue;
    const hidden = await openHidden(copy);
    try {
      count += await countIn(hidden);
    } finally {
      await hidden.close();
    }
  }
  const counts = await Promise.all(all().map(countIn));
  return counts.reduce((sum, more) => sum + more, count);
}

async function countIn({ space, refused }: SpaceWorkspace): Promise<number> {
  const counts = await Promise.all(space.databases().map(countUnpushed));
  return counts.reduce((sum, count) => sum + count, (await refused.list()).length);
}
