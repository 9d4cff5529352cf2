import { isMonth } from '../../schema/database-names.ts';
import { SetteeClientError } from '../errors.ts';
import { watchQuery } from '../local/watch-query.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import type { RefusedApi, RefusedDocument } from '../types.ts';
import type { CurrentWorkspace, Workspace } from '../workspace.ts';
import { offerDocument, takeServerState } from './offer-document.ts';
import type { Refusal } from './refused-store.ts';

interface RefusedOptions {
  current: CurrentWorkspace;
  /** The server's database for `main` or a month. */
  openRemote: (workspace: Workspace, place: string) => Promise<Pouch>;
}

function localPlace({ space }: Workspace, place: string): Promise<Pouch> {
  return isMonth(place) ? space.runs(place) : Promise.resolve(space.main);
}

export function createRefused({ current, openRemote }: RefusedOptions): RefusedApi {
  const list = async (): Promise<RefusedDocument[]> => {
    const refusals = await current.get().refused.list();
    return refusals.map(({ docId, revision, reason, at }) => ({ docId, revision, reason, at }));
  };
  const find = async ({ refused }: Workspace, docId: string): Promise<Refusal> => {
    const refusal = await refused.find(docId);
    if (!refusal) throw new SetteeClientError('not_found', `${docId} was not refused.`);
    return refusal;
  };
  return {
    list,
    async retry(docId) {
      const workspace = current.get();
      const { place } = await find(workspace, docId);
      const remote = await openRemote(workspace, place);
      return offerDocument(await localPlace(workspace, place), remote, docId);
    },
    async discard(docId) {
      const workspace = current.get();
      const { place } = await find(workspace, docId);
      const remote = await openRemote(workspace, place);
      await takeServerState(await localPlace(workspace, place), remote, docId);
      await workspace.refused.remove(docId);
    },
    subscribe: (listener) =>
      watchQuery({
        current,
        run: list,
        listener,
        onChange: (changed) => onRefusals(current, changed),
        fingerprint: (refused) => JSON.stringify(refused),
      }),
  };
}

/** Follows the refusals of whichever workspace is open. */
export function onRefusals(current: CurrentWorkspace, listener: () => void): () => void {
  let unsubscribe = current.get().refused.onChange(listener);
  const unsubscribeSwitch = current.onSwitch(() => {
    unsubscribe();
    unsubscribe = current.get().refused.onChange(listener);
    listener();
  });
  return () => {
    unsubscribe();
    unsubscribeSwitch();
  };
}
