import type { SpaceReply, SpaceUsage } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import type { ListedSpace, Spaces } from '../spaces/spaces.ts';

/** A space as its member is told of it, with the addresses from which to replicate. */
export function spaceReply(
  { space, role, runs }: ListedSpace,
  origin: string,
  usage?: SpaceUsage,
): SpaceReply {
  const { id, kind, name, database } = space;
  const url = (of: string): string => `${origin}/db/${encodeURIComponent(of)}`;
  return {
    id,
    kind,
    name,
    role,
    database,
    url: url(database),
    runs: runs.map((month) => ({ ...month, url: url(month.database) })),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** The space as the caller's list shows it; throws SetteeError `not_found`. */
export async function findSpace(spaces: Spaces, userId: string, spaceId: string): Promise<ListedSpace> {
  const found = (await spaces.list(userId)).find(({ space }) => space.id === spaceId);
  if (!found) throw new SetteeError('not_found', 'There is no such space.');
  return found;
}
