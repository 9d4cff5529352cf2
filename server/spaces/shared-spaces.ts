import { randomUUID } from 'node:crypto';
import { SetteeError } from '../errors.ts';
import type { Couch } from '../couch/couch.ts';
import type { Directory } from './directory.ts';
import { assertOwner, assertShareable, inOutbox, withMember, type Actor } from './member-changes.ts';
import type { Outbox } from './outbox.ts';
import { removeSpace, type RemoveSpaceServices } from './remove-space.ts';
import { required } from './require-space.ts';
import { spaceDocId, spaceOf, type SpaceDocument } from './space-document.ts';
import type { Role, Space } from './spaces.ts';

export interface NewSpace {
  /** Given where a caller must be able to repeat itself after a crash; else a new one. */
  id?: string;
  kind: 'team' | 'shared';
  name: string;
  owner: string;
  /** Members besides the owner. */
  members?: Record<string, Role>;
}

/** Spaces of several people. */
export interface SharedSpaces {
  createSpace(space: NewSpace): Promise<Space>;
  /** `by` must be an owner; null is the server. */
  renameSpace(spaceId: string, name: string, by: Actor): Promise<void>;
  /** Deletes a space with everything in it, for good; may be repeated after a crash. */
  removeSpace(spaceId: string, by: Actor): Promise<void>;
}

export function createSharedSpaces(options: {
  couch: Couch;
  directory: Directory;
  outbox: Outbox;
  clock: () => Date;
  finishArrivals: RemoveSpaceServices['finishArrivals'];
  unpublish: RemoveSpaceServices['unpublish'];
}): SharedSpaces {
  const { couch, directory, outbox, clock, finishArrivals, unpublish } = options;

  return {
    async createSpace({ id = randomUUID(), ...wanted }) {
      const written = await directory.update(id, (current) => {
        if (!current) return newDocument(id, wanted, clock());
        if (current.kind === wanted.kind && !current.removing) return null;
        throw new SetteeError('conflict', 'There is another space with this id.');
      });
      const space = spaceOf(required(written), couch.prefix);
      await couch.createDatabase(space.database, 'space', id);
      await outbox.settleOrLater(id);
      return space;
    },
    async renameSpace(spaceId, name, by) {
      await directory.update(spaceId, (found) => {
        const current = required(found);
        assertOwner(current, by);
        assertShareable(current);
        if (current.name === name) return null;
        return inOutbox({ ...current, name }, ...Object.keys(current.members));
      });
      await outbox.settleOrLater(spaceId);
    },
    async removeSpace(spaceId, by) {
      // Whoever deletes a space knows what is in it: what has just come is his to see first.
      const finish = async (space: SpaceDocument): Promise<boolean> => {
        const cameIn = await finishArrivals(space);
        if (!cameIn || by === null) return cameIn;
        throw new SetteeError('conflict', 'A flow has just been moved into this space: look again.');
      };
      const check = (document: SpaceDocument): void => {
        assertOwner(document, by);
        assertShareable(document);
      };
      required(await directory.read(spaceId));
      const now = clock();
      await removeSpace({ couch, directory, outbox, now, check, finishArrivals: finish, unpublish }, spaceId);
    },
  };
}

function newDocument(
  id: string,
  { kind, name, owner, members = {} }: Omit<NewSpace, 'id'>,
  now: Date,
): SpaceDocument {
  const empty: SpaceDocument = {
    _id: spaceDocId(id),
    type: 'space',
    kind,
    name,
    members: {},
    createdAt: now.toISOString(),
    making: true,
  };
  const all: [string, Role][] = [...Object.entries(members), [owner, 'owner']];
  return all.reduce((document, [userId, role]) => withMember(document, { userId, role, now }), empty);
}
