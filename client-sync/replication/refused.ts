import { isMonth } from '../../schema/database-names.ts';
import { SetteeClientError } from '../errors.ts';
import { eachSpace } from '../local/each-space.ts';
import { watchQuery } from '../local/watch-query.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { RefusedApi, RefusedDocument } from '../sync-types.ts';
import type { CurrentWorkspace, SpaceWorkspace } from '../workspace.ts';
import { offerDocument, takeServerState } from './offer-document.ts';
import type { Refusal } from './refused-store.ts';

interface RefusedOptions {
  current: CurrentWorkspace;
  /** The server's database for `main` or a month. */
  openRemote: (workspace: SpaceWorkspace, place: string) => Promise<Pouch>;
}

function localPlace({ space }: SpaceWorkspace, place: string): Promise<Pouch> {
  return isMonth(place) ? space.runs(place) : Promise.resolve(space.main);
}

export function createRefused({ current, openRemote }: RefusedOptions): RefusedApi {
  const list = async (): Promise<RefusedDocument[]> => {
    const lists = await eachSpace(current.get(), async ({ info, refused }) =>
      (await refused.list()).map(({ docId, revision, reason, at }) => {
        return { docId, revision, reason, at, spaceId: info.id };
      }),
    );
    return lists.flat();
  };
  const find = async (docId: string): Promise<{ workspace: SpaceWorkspace; refusal: Refusal }> => {
    for (const workspace of current.get().all()) {
      const refusal = await workspace.refused.find(docId);
      if (refusal) return { workspace, refusal };
    }
    throw new SetteeClientError('not_found', `${docId} was not refused.`);
  };
  return {
    list,
    async retry(docId) {
      const { workspace, refusal } = await find(docId);
      const { place } = refusal;
      const remote = await openRemote(workspace, place);
      return offerDocument(await localPlace(workspace, place), remote, docId);
    },
    async discard(docId) {
      const { workspace, refusal } = await find(docId);
      const { place } = refusal;
      const remote = await openRemote(workspace, place);
      await takeServerState(await localPlace(workspace, place), remote, docId);
      await workspace.refused.remove(docId);
    },
    subscribe: (listener) =>
      watchQuery({
        current,
        run: list,
        listener,
        onChange: ({ onRefused }, changed) => onRefused(changed),
        fingerprint: (refused) => JSON.stringify(refused),
      }),
  };
}
