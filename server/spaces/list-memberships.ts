import type { Directory } from './directory.ts';
import { roleIn } from './membership.ts';
import { spaceIdOf, spaceOf, type SpaceDocument } from './space-document.ts';
import type { Membership } from './spaces.ts';
import { templatesSpaceId } from './templates-space.ts';

/** What the index lists of a user, and what everybody may read. */
export async function listReadable(directory: Directory, userId: string): Promise<SpaceDocument[]> {
  const [own, templates] = await Promise.all([directory.ofMember(userId), directory.get(templatesSpaceId)]);
  return templates === null ? own : [...own, templates];
}

/**
 * The spaces of a user with his roles, as the directory knows them now. Each is remembered from then on, so that
 * its changes are reported with what was before.
 */
export async function listMemberships(
  directory: Directory,
  prefix: string,
  userId: string,
): Promise<Membership[]> {
  const found: Membership[] = [];
  for (const listed of await listReadable(directory, userId)) {
    // The index may be older than what is known by now.
    const document = await directory.get(spaceIdOf(listed));
    const role = roleIn(document, userId);
    if (document && role !== null) found.push({ space: spaceOf(document, prefix), role });
  }
  return found;
}
