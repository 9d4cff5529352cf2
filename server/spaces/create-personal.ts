import { SetteeError } from '../errors.ts';
import type { Couch } from '../couch/couch.ts';
import type { Directory } from './directory.ts';
import { spaceDocId, spaceOf, type SpaceDocument } from './space-document.ts';
import type { Space } from './spaces.ts';

/** Writes a user's entry in the directory, then makes the database; both may be there already. */
export async function createPersonal(
  couch: Couch,
  directory: Directory,
  user: { id: string; createdAt: string },
): Promise<Space> {
  const document: SpaceDocument = {
    _id: spaceDocId(user.id),
    type: 'space',
    kind: 'personal',
    name: 'Personal',
    members: { [user.id]: 'owner' },
    createdAt: user.createdAt,
  };
  const written = await directory.update(user.id, (current) => (current ? null : document));
  if (!written || written.removing) throw new SetteeError('conflict', 'This space is being removed.');
  const space = spaceOf(written, couch.prefix);
  await couch.createDatabase(space.database, 'space', space.id);
  return space;
}
