import { idPrefixes } from '../../schema/index.ts';
import { SetteeError } from '../errors.ts';
import { weightOfAssets, weightOfFlow } from './flow-weight.ts';
import type { MoveRequest } from './moves/move-flow.ts';
import { boundless, type IntendedWrite, type Quota, type Room } from './quota.ts';
import type { Access, Spaces } from './spaces.ts';
import { templatesSpaceId } from './templates-space.ts';

type Services = { spaces: Pick<Spaces, 'access' | 'memberships' | 'open'>; quota: Pick<Quota, 'room'> };

async function accessTo({ spaces }: Services, userId: string, spaceId: string): Promise<Access | null> {
  const found = (await spaces.memberships(userId)).find(({ space }) => space.id === spaceId);
  return found ? spaces.access(userId, found.space.database) : null;
}

/** Throws `quota_exceeded` with the reason, where there is one. */
export function assertNone(reason: string | null): void {
  if (reason !== null) throw new SetteeError('quota_exceeded', reason.replace(/^quota_exceeded: /, ''));
}

/**
 * Throws `quota_exceeded` where the target has no room for a flow with all that comes with it; where there is, `refusal`
 * counts it from then on and `wouldRefuse` only asks. A space that is made for it has room, as the flow had where it
 * was; who may move it at all is for the move to say.
 */
export async function assertRoomForMove(
  services: Services,
  { flowId, from, to, by, create }: MoveRequest,
  asked: keyof Room,
): Promise<void> {
  if (create !== undefined || from === to) return;
  const [source, target] = [await accessTo(services, by, from), await accessTo(services, by, to)];
  if (!source || !target || target.role === 'viewer') return;
  const { spaces, quota } = services;
  const room = await quota.room(target, { from });
  if (room === boundless) return;
  const places = { source: spaces.open<object>(source), target: spaces.open<object>(target) };
  const marks = await places.source.fetchRevs({ keys: [idPrefixes.moved + flowId] });
  // What arrived late where the flow was is carried over whatever there is room for.
  if (marks.rows.some((row) => 'value' in row && !(row.value as { deleted?: boolean }).deleted)) return;
  const weight = await weightOfFlow(places, flowId);
  if (weight === null) return;
  assertNone(room[asked]({ ...weight, isNew: true, deletion: 'none' }));
}

/** The same for what is made of a template; the flow itself counts when it is written. */
export async function assertRoomForCopy(
  services: Services,
  document: object,
  { database, userId }: { database: string; userId: string },
): Promise<void> {
  const [source, target] = [
    await accessTo(services, userId, templatesSpaceId),
    await services.spaces.access(userId, database),
  ];
  if (!source || !target) return;
  const room = await services.quota.room(target);
  if (room === boundless) return;
  const places = {
    source: services.spaces.open<object>(source),
    target: services.spaces.open<object>(target),
  };
  const assets = await weightOfAssets(places, [document]);
  const write: IntendedWrite = {
    documents: assets.documents + 1,
    bytes: assets.bytes + Buffer.byteLength(JSON.stringify(document)),
    isNew: true,
    deletion: 'none',
  };
  assertNone(room.wouldRefuse(write));
}
