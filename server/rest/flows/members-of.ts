import type { FlowContent } from '../../../schema/index.ts';
import type { Auth } from '../../auth/auth.ts';
import type { Spaces } from '../../spaces/spaces.ts';
import type { UserSpace } from '../store/user-space.ts';

export type Contributor = NonNullable<FlowContent['contributors']>[number];

/** Who shares the flows of a space, owners first; null for a personal one. */
export type MembersOf = (space: Pick<UserSpace, 'space' | 'userId'>) => Promise<Contributor[] | null>;

const ranks = ['owner', 'editor', 'viewer'];

/** Asks the directory for the members and the accounts for their names. */
export function createMembersOf({
  spaces,
  auth,
}: {
  spaces: Pick<Spaces, 'members'>;
  auth: Pick<Auth, 'people'>;
}): MembersOf {
  return async ({ space, userId }) => {
    if (space.kind !== 'shared' && space.kind !== 'team') return null;
    const members = await spaces.members(space.id, userId);
    const people = await auth.people(members.map((member) => member.userId));
    const names = new Map(people.map((person) => [person.userId, person.name ?? person.email]));
    return members
      .toSorted((a, b) => ranks.indexOf(a.role) - ranks.indexOf(b.role))
      .map(({ userId: id, role }) => {
        const name = names.get(id);
        return { userId: id, role, ...(name === undefined ? {} : { name }) };
      });
  };
}
