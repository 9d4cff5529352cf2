import { flowDocId, type FlowDocument } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import { SetteeError } from '../../errors.ts';
import type { MoveRequest } from '../../spaces/moves/move-flow.ts';
import type { Spaces } from '../../spaces/spaces.ts';
import { visibilityIn } from '../flows/flow-view.ts';
import { assertOwns, assertWrites } from '../store/space-rights.ts';
import type { OpenUserSpace, UserSpace } from '../store/user-space.ts';

type Visibility = NonNullable<FlowDocument['visibility']>;

/** What a change of who sees a flow comes to, decided before anything is written. */
export interface VisibilityPlan {
  /** The space to move it into; null where it stays. */
  to: string | null;
  publish: boolean;
  unpublish: boolean;
}

export interface VisibilityServices {
  open: OpenUserSpace;
  spaces: Pick<Spaces, 'moves' | 'templates'>;
}

/** The team that is meant: the one named, else the only one where the caller may write. */
export async function teamOf(
  { open }: Pick<VisibilityServices, 'open'>,
  principal: Principal,
  teamId: string | undefined,
): Promise<UserSpace> {
  if (teamId !== undefined) {
    const team = await open.one(principal, teamId);
    if (team.space.kind !== 'team') throw new SetteeError('bad_request', 'This space is no team.');
    assertWrites(team);
    return team;
  }
  const teams = (await open.all(principal)).filter(
    ({ space, role }) => space.kind === 'team' && role !== 'viewer',
  );
  const [only] = teams;
  if (only && teams.length === 1) return only;
  const details = { teams: teams.map(({ space: { id, name } }) => ({ id, name })) };
  const message = only ? 'Name the team, in teamId.' : 'There is no team in which you may write.';
  throw new SetteeError('bad_request', message, { details });
}

/**
 * Decides what `visibility` means for a flow where it is: `team` moves it into a team, `private` out of one into the
 * caller's personal space, `public` shows a snapshot of it to everybody and leaves it where it is.
 */
export async function planVisibility(
  services: VisibilityServices,
  principal: Principal,
  {
    place,
    wanted,
    teamId,
  }: { place: UserSpace; wanted: Visibility | null | undefined; teamId?: string | undefined },
  id: string,
): Promise<VisibilityPlan | null> {
  if (wanted === undefined && teamId === undefined) return null;
  const visibility = wanted ?? (teamId === undefined ? 'private' : 'team');
  const current = await place.documents.get<FlowDocument>(flowDocId(id));
  const known = visibilityIn(place.space, current?.visibility) ?? 'private';
  const isSame = known === visibility && teamId === undefined;
  // What is shown to everybody may differ from what the flow says: it is written by others than this, too.
  const publisher = { by: principal.userId, spaceId: place.space.id };
  const unpublish =
    visibility !== 'public' &&
    (current?.visibility === 'public' || (await services.spaces.templates.isPublished(id, publisher)));
  // Whoever sends a whole flow back asks for no change; an owner's public flow is shown as it is then.
  if (isSame && (place.role !== 'owner' || (visibility !== 'public' && !unpublish))) return null;
  const { kind } = place.space;
  let to: string | null = null;
  if (visibility === 'team' && (kind !== 'team' || teamId !== undefined)) {
    to = (await teamOf(services, principal, teamId)).space.id;
  }
  if (visibility === 'private' && kind === 'team') to = principal.userId;
  if (to === place.space.id) to = null;
  const plan = { to, publish: visibility === 'public', unpublish };
  if (plan.to !== null || plan.publish || plan.unpublish) assertOwns(place);
  if (plan.to !== null) await services.spaces.moves.assertRoom(moveOf(principal, { place, to: plan.to, id }));
  return plan;
}

/** Carries a plan out; answers where the flow is then. */
export async function carryOut(
  { open, spaces }: VisibilityServices,
  principal: Principal,
  { to, publish, unpublish }: VisibilityPlan,
  { place, flow, id }: { place: UserSpace; flow: FlowDocument; id: string },
): Promise<UserSpace> {
  const from = { by: principal.userId, spaceId: place.space.id };
  if (publish) await spaces.templates.publish(flow, { database: place.database, ...from });
  if (unpublish) await spaces.templates.unpublish(id, from);
  if (to === null) return place;
  await spaces.moves.moveFlow(moveOf(principal, { place, to, id }));
  return open.one(principal, to);
}

function moveOf(
  { userId }: Principal,
  { place, to, id }: { place: UserSpace; to: string; id: string },
): MoveRequest {
  return { flowId: id, from: place.space.id, to, by: userId };
}
