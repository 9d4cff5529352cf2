import { SignedOutError } from '../errors.ts';
import { watchQuery } from '../local/watch-query.ts';
import type { SpaceAnswer, SpacesApi, SpaceSummary } from '../space-types.ts';
import type { CurrentWorkspace, Workspace } from '../workspace.ts';
import { readMemberships } from './memberships.ts';
import type { Ask } from './ask.ts';

interface SpacesOptions {
  current: CurrentWorkspace;
  /** A request of the signed-in user. */
  ask: Ask;
  /** A request of whoever holds an invitation. */
  askAnybody: Ask;
  /** The user's own memberships have changed on the server: fetches them. */
  hurry: () => void;
}

async function listSpaces(workspace: Workspace): Promise<SpaceSummary[]> {
  const { personal } = workspace;
  const { id, kind, name, role, database } = personal.info;
  const memberships = workspace.userId === null ? [] : await readMemberships(personal.space.main, database);
  return [
    { id, kind, name, role, isOpen: true },
    ...memberships.map(({ info }) => {
      const open = workspace.get(info.id);
      // What may be done in it, which follows its document in a moment.
      const known = open?.info ?? info;
      return { id: info.id, kind: info.kind, name: known.name, role: known.role, isOpen: open !== null };
    }),
  ];
}

function answerOf({ id, kind, name, role }: SpaceAnswer): SpaceAnswer {
  return { id, kind, name, role };
}

/** The spaces as they are known here, and the server's calls about them. */
export function createSpaces({ current, ask, askAnybody, hurry }: SpacesOptions): SpacesApi {
  const at = (...parts: string[]) => `/api/spaces/${parts.map(encodeURIComponent).join('/')}`;
  const invitation = (token: string) => `/api/invitations/${encodeURIComponent(token)}`;
  const list = async () => listSpaces(current.get());
  const hurried = async <T>(answer: Promise<T>): Promise<T> => {
    const given = await answer;
    hurry();
    return given;
  };
  return {
    list,
    watch: (listener) =>
      watchQuery({
        current,
        run: list,
        listener,
        onChange({ onSpaces, onMemberships }, changed) {
          const ends = [onSpaces(changed), onMemberships(changed)];
          return () => {
            for (const end of ends) end();
          };
        },
        fingerprint: (spaces) => JSON.stringify(spaces),
      }),
    create: async ({ name }) =>
      answerOf(await hurried(ask<SpaceAnswer>('POST', '/api/spaces', { name, kind: 'team' }))),
    rename: async (spaceId, name) =>
      answerOf(await hurried(ask<SpaceAnswer>('PATCH', at(spaceId), { name }))),
    remove: (spaceId) => hurried(ask('DELETE', at(spaceId))),
    invite: (spaceId, whom) => ask('POST', at(spaceId, 'invitations'), whom),
    invitations: async (spaceId) =>
      (
        await ask<{ invitations: Awaited<ReturnType<SpacesApi['invitations']>> }>(
          'GET',
          at(spaceId, 'invitations'),
        )
      ).invitations,
    withdraw: (spaceId, invitationId) => ask('DELETE', at(spaceId, 'invitations', invitationId)),
    preview: (token) => askAnybody('GET', invitation(token)),
    accept: async (token) => answerOf(await hurried(ask<SpaceAnswer>('POST', `${invitation(token)}/accept`))),
    decline: (token) => askAnybody('POST', `${invitation(token)}/decline`),
    members: async (spaceId) =>
      (await ask<{ members: Awaited<ReturnType<SpacesApi['members']>> }>('GET', at(spaceId, 'members')))
        .members,
    setRole: (spaceId, userId, role) => hurried(ask('PATCH', at(spaceId, 'members', userId), { role })),
    removeMember: (spaceId, userId) => hurried(ask('DELETE', at(spaceId, 'members', userId))),
    async leave(spaceId) {
      const { userId } = current.get();
      if (userId === null) throw new SignedOutError('Sign in to leave a space.');
      await hurried(ask('DELETE', at(spaceId, 'members', userId)));
    },
    transfer: (spaceId, userId) => hurried(ask('POST', at(spaceId, 'owner'), { userId })),
  };
}
