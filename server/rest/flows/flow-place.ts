import { flowDocId, idPrefixes } from '../../../schema/index.ts';
import type { Principal } from '../../auth/principal.ts';
import { isSpaceGone } from '../../couch/engine-error.ts';
import { SetteeError } from '../../errors.ts';
import { sorted } from '../store/sorted.ts';
import type { OpenUserSpace, UserSpace } from '../store/user-space.ts';

interface Found {
  space: UserSpace;
  /** Null where the space has no such flow. */
  revision: string | null;
  /** The space has word that the flow left it. */
  left: boolean;
}

/** Nothing of a space that was deleted meanwhile. */
async function aliveIn({ documents }: UserSpace, ids: string[]): Promise<Map<string, string>> {
  return documents.alive(ids).catch((error: unknown) => {
    if (isSpaceGone(error)) return new Map();
    throw error;
  });
}

async function lookIn(space: UserSpace, id: string): Promise<Found> {
  const [flow, moved] = [flowDocId(id), idPrefixes.moved + id];
  const alive = await aliveIn(space, [flow, moved]);
  return { space, revision: alive.get(flow) ?? null, left: alive.has(moved) };
}

function generation({ revision }: Found): number {
  return Number.parseInt(revision ?? '0', 10);
}

function bestOf(places: readonly Found[]): Found | undefined {
  const holding = places.filter(({ revision }) => revision !== null);
  return sorted(holding, (a, b) => Number(a.left) - Number(b.left) || generation(b) - generation(a))[0];
}

/**
 * The space of the caller's where a flow is, or null. While it moves it may be in two, and the one that it goes to has
 * the longer history; what arrived late where it left comes last.
 */
export async function findPlace(
  open: OpenUserSpace,
  caller: Pick<Principal, 'userId'>,
  id: string,
): Promise<UserSpace | null> {
  const own = await lookIn(await open(caller), id);
  if (own.revision !== null && !own.left) return own.space;
  const others = (await open.all(caller)).slice(1);
  const found = [own, ...(await Promise.all(others.map((space) => lookIn(space, id))))];
  return bestOf(found)?.space ?? null;
}

/** The same; throws `not_found`. */
export async function placeOf(
  open: OpenUserSpace,
  caller: Pick<Principal, 'userId'>,
  id: string,
): Promise<UserSpace> {
  const space = await findPlace(open, caller, id);
  if (space === null) throw new SetteeError('not_found', 'There is no such flow.');
  return space;
}

/** Where a flow may be made under this id; throws `conflict` where it left the space for one that is not the caller's. */
export async function placeForNew(
  open: OpenUserSpace,
  caller: Pick<Principal, 'userId'>,
  { id, spaceId }: { id: string; spaceId?: string | undefined },
): Promise<UserSpace> {
  const space = spaceId === undefined ? await open(caller) : await open.one(caller, spaceId);
  if ((await lookIn(space, id)).left) {
    throw new SetteeError('conflict', 'This flow is in a space of which you are no member.');
  }
  return space;
}

/** Where each of many flows is among these spaces; the first of them holds what is in none. */
export async function findPlaces(
  spaces: readonly UserSpace[],
  ids: readonly string[],
): Promise<(id: string) => UserSpace> {
  const [first] = spaces;
  if (first === undefined) throw new SetteeError('not_found', 'There is no personal space.');
  const asked = ids.flatMap((id) => [flowDocId(id), idPrefixes.moved + id]);
  const alive = await Promise.all(
    spaces.map(async (space) => ({ space, found: await aliveIn(space, asked) })),
  );
  return (id) => {
    const places = alive.map(({ space, found }) => ({
      space,
      revision: found.get(flowDocId(id)) ?? null,
      left: found.has(idPrefixes.moved + id),
    }));
    return bestOf(places)?.space ?? first;
  };
}
