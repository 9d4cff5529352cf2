import { countUnpushed } from '../replication/pending-changes.ts';
import type { SpaceWorkspace, Workspace } from '../workspace.ts';

/** How many documents would be lost with the local data, of all spaces. */
export async function countLocalOnly({ all }: Pick<Workspace, 'all'>): Promise<number> {
  const counts = await Promise.all(all().map(countIn));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function countIn({ space, refused }: SpaceWorkspace): Promise<number> {
  const counts = await Promise.all(space.databases().map(countUnpushed));
  return counts.reduce((sum, count) => sum + count, (await refused.list()).length);
}
