import { SetteeError } from '../errors.ts';
import type { Directory } from './directory.ts';
import { withoutMember, withRole } from './member-changes.ts';
import { ownersOf, roleIn, sinceIn } from './membership.ts';
import { isTold } from './membership-events.ts';
import { removeSpace, type RemoveSpaceServices } from './remove-space.ts';
import { spaceIdOf, type SpaceDocument } from './space-document.ts';

/** A space that waits for another owner. */
export interface OwnedSpace {
  id: string;
  name: string;
  kind: 'team' | 'shared';
}

function isOwnedAlone(document: SpaceDocument, userId: string): boolean {
  const isLast = roleIn(document, userId) === 'owner' && ownersOf(document).length === 1;
  return isLast && Object.keys(document.members).length > 1;
}

/** The spaces with other members of which the user is the only owner. */
export async function ownedAlone(directory: Directory, userId: string): Promise<OwnedSpace[]> {
  const found: OwnedSpace[] = [];
  for (const document of await directory.ofMember(userId)) {
    const { kind, name } = document;
    if ((kind === 'team' || kind === 'shared') && isOwnedAlone(document, userId)) {
      found.push({ id: spaceIdOf(document), name, kind });
    }
  }
  return found;
}

/**
 * Takes a user whose account is being removed out of all spaces, and deletes those where he is alone. A flow that he
 * shared with one other goes to that one's personal space. Where others came
 * in after it was found that none would be left without an owner, the longest-serving of them becomes it.
 */
export async function leaveSpaces(
  services: Pick<
    RemoveSpaceServices,
    'couch' | 'directory' | 'outbox' | 'now' | 'finishArrivals' | 'unpublish'
  > & {
    dissolve: (spaceId: string) => Promise<unknown>;
  },
  userId: string,
): Promise<void> {
  const { directory, outbox, now, dissolve } = services;
  for (const document of await directory.ofMember(userId)) {
    if (!isTold(document)) continue;
    const spaceId = spaceIdOf(document);
    const left = await directory.update(spaceId, (current) => {
      if (!current || roleIn(current, userId) === null) return null;
      if (Object.keys(current.members).length === 1) return null;
      return withoutMember(withOwnerBeside(current, userId), userId, now);
    });
    if (left && roleIn(left, userId) !== null) {
      await removeSpace({ ...services, check: assertAlone }, spaceId);
    } else {
      await outbox.settleOrLater(spaceId);
      await dissolve(spaceId);
    }
  }
}

/** The removal of the account is tried again later, and then leaves the space to whoever came in. */
function assertAlone({ members }: SpaceDocument): void {
  if (Object.keys(members).length > 1) throw new SetteeError('conflict', 'Somebody joined meanwhile.');
}

function withOwnerBeside(document: SpaceDocument, userId: string): SpaceDocument {
  if (!isOwnedAlone(document, userId)) return document;
  const others = Object.keys(document.members).filter((member) => member !== userId);
  const rank = (member: string): string =>
    `${roleIn(document, member) === 'editor' ? 0 : 1} ${sinceIn(document, member)}`;
  const heir = others.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0] as string;
  return withRole(document, heir, 'owner');
}
