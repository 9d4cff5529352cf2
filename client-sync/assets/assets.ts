import type { Month } from '../../schema/database-names.ts';
import { monthOfUuidV7 } from '../../schema/ids.ts';
import { SetteeClientError } from '../errors.ts';
import { assertWritable } from '../local/flow-places.ts';
import { findRun } from '../local/run-places.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { RemoteDatabase } from '../replication/remote-database.ts';
import type { AssetOwner, AssetsApi } from '../asset-types.ts';
import type { CurrentWorkspace, SpaceWorkspace, Workspace } from '../workspace.ts';
import { blobOf, isAssetId, readAsset, storeAsset } from './asset-bytes.ts';
import { createAssetCache } from './asset-cache.ts';

/** A database that may hold an asset: the main one of a space, or a month's. */
interface Place {
  space: SpaceWorkspace;
  month: Month | null;
}

/** Asks the server for an asset's bytes; null where that database has none. Rejects where it cannot be asked. */
export type FetchAsset = (space: SpaceWorkspace, place: string, id: string) => Promise<Response | null>;

/** Asks the databases on the server that `open` gives. */
export function fetchAssetFrom(
  open: (space: SpaceWorkspace, place: string) => Promise<RemoteDatabase>,
): FetchAsset {
  return async (space, place, id) => {
    const remote = await open(space, place);
    const response = await remote.request(`${remote.url}/${encodeURIComponent(id)}/data`);
    if (response.ok) return response;
    if (response.status === 404) return null;
    throw new Error(`The asset was answered with ${response.status}.`);
  };
}

interface AssetsOptions {
  current: CurrentWorkspace;
  now: () => number;
  fetchAsset: FetchAsset;
}

const mostBytes = 32 * 1024 * 1024;

/** Where an asset is looked for: with what it belongs to first, and then in the main databases of all open spaces. */
async function placesOf(workspace: Workspace, owner: AssetOwner): Promise<Place[]> {
  const mains = workspace.all().map((space): Place => ({ space, month: null }));
  if (owner.executionId !== undefined) {
    const run = await findRun(workspace, owner.executionId);
    const month = run?.month ?? monthOfUuidV7(owner.executionId);
    const spaces = run ? [run.space] : workspace.all();
    return [...(month === null ? [] : spaces.map((space) => ({ space, month }))), ...mains];
  }
  const first = owner.flowId === undefined ? null : await workspace.find(owner.flowId);
  return mains.toSorted((a, b) => Number(b.space === first) - Number(a.space === first));
}

function localDatabase({ space: { space }, month }: Place): Pouch | null {
  return space.database(month ?? 'main');
}

/** Bytes beside documents, fetched when they are needed. */
export function createAssets({ current, now, fetchAsset }: AssetsOptions): AssetsApi {
  const placeFor = async (owner: AssetOwner): Promise<Place> => {
    const workspace = current.get();
    if (owner.executionId !== undefined) {
      const run = await findRun(workspace, owner.executionId);
      if (run) return run;
      throw new SetteeClientError('execution_not_found', `There is no execution ${owner.executionId} here.`);
    }
    const space = owner.flowId === undefined ? null : await workspace.find(owner.flowId);
    return { space: space ?? workspace.personal, month: null };
  };
  const readHere = async (places: Place[], id: string): Promise<Blob | null> => {
    for (const place of places) {
      const db = localDatabase(place);
      const blob =
        (db && (await readAsset(db, id))) ?? (await createAssetCache(place.space.space.notes, now).read(id));
      if (blob) return blob;
    }
    return null;
  };
  const fetchFrom = async ({ space, month }: Place, id: string): Promise<Blob | null> => {
    const response = await fetchAsset(space, month ?? 'main', id);
    if (!response) return null;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const blob = blobOf(id, bytes, response.headers.get('content-type') ?? '');
    // Where storage is full it is fetched again the next time.
    if (blob)
      await createAssetCache(space.space.notes, now)
        .keep(id, blob)
        .catch(() => {});
    return blob;
  };
  return {
    async put(blob, owner = {}) {
      if (blob.size > mostBytes) {
        throw new SetteeClientError('invalid_input', `An asset has at most ${mostBytes} bytes.`);
      }
      const place = await placeFor(owner);
      assertWritable(place.space);
      const db = localDatabase(place);
      if (!db) throw new SetteeClientError('not_found', 'The month of this run is not kept here.');
      const bytes = new Uint8Array(await blob.arrayBuffer());
      return storeAsset(db, bytes, { contentType: blob.type, ...owner });
    },
    async get(id, owner = {}) {
      if (!isAssetId(id)) throw new SetteeClientError('invalid_input', `${id} names no asset.`);
      const places = await placesOf(current.get(), owner);
      const here = await readHere(places, id);
      if (here) return here;
      for (const place of places) {
        // Offline, or a space that is over: another may have it.
        const blob = await fetchFrom(place, id).catch(() => null);
        if (blob) return blob;
      }
      return null;
    },
  };
}
