import { isStorageFailure } from '../errors.ts';
import { endWrites } from '../local/in-turn.ts';
import { createSignal, reportUnexpected, type Unsubscribe } from '../signal.ts';
import { idPrefixes, settingsId } from '../../schema/ids.ts';
import type { SpaceWorkspace } from '../workspace.ts';
import { forgetCopy, isNoted, listCopies } from './copies.ts';
import { countLocalOnly } from './count-local-only.ts';
import { createKeptBack } from './kept-back.ts';
import type { NoticeStore } from './notices.ts';
import { planCopies, type Ending } from './plan-copies.ts';
import { rescueSpace } from './rescue.ts';
import type { SpaceSet } from './space-set.ts';
import { holdsUnpushed } from './unpushed.ts';

interface FollowOptions {
  personal: SpaceWorkspace;
  set: SpaceSet;
  notices: NoticeStore;
  iso: () => string;
  /** Whether this is the one tab that removes databases; the others let go of them. */
  leads: () => boolean;
  /** Awaited before a space goes: its sync stops, and what waits to be written is written. */
  beforeDrop: (space: SpaceWorkspace) => Promise<void>;
}

/** Opens and drops spaces as the membership documents in the personal database say, offline as well. */
export interface MembershipFollower {
  /** Resolves when what is known now has been done, as far as it is this tab's to do. */
  settle: () => Promise<void>;
  /** What a space held is on the server: where it only waited for that, it goes. */
  pushed: (space: SpaceWorkspace) => void;
  close: () => Promise<void>;
  /** A membership document has changed, or the settings. */
  onChange: (listener: () => void) => Unsubscribe;
  /** How many documents would be lost with the local data, of all spaces. */
  countLocalOnly: () => Promise<number>;
  /** Removes the databases of all copies. */
  destroy: () => Promise<void>;
}

export async function followMemberships(options: FollowOptions): Promise<MembershipFollower> {
  const { personal, set, notices, iso, leads, beforeDrop } = options;
  const { main, notes } = personal.space;
  const changed = createSignal<void>();
  let closed = false;
  let chain: Promise<unknown> = Promise.resolve();
  let queued: Promise<void> | null = null;

  const report = (error: unknown) => {
    // Storage that fails shows elsewhere, and what was not done is done again later.
    if (!closed && !isStorageFailure(error)) reportUnexpected(error);
  };
  const remove = async (space: SpaceWorkspace, { copy, reason }: Ending): Promise<void> => {
    if (reason !== null) await rescueSpace({ from: space, to: personal, reason, notices, at: iso() });
    await space.destroy();
    await forgetCopy(notes, copy.name);
  };
  const drop = async (ending: Ending): Promise<void> => {
    const { name } = ending.copy;
    const shown = set.find(name);
    if (shown) {
      if (ending.reason === null && (await holdsUnpushed(shown))) return kept.keep(name);
      await beforeDrop(shown);
      set.remove(name);
      await endWrites(shown.space.databases());
    }
    if (!leads() || !(await isNoted(notes, name))) {
      await shown?.close().catch(() => {});
      set.holds.letGo(name);
      return;
    }
    // What other tabs have still to write is there once they let go.
    set.holds.letGo(name);
    await set.holds.released(name);
    const space = shown ?? (await set.openHidden(ending.copy));
    // What waited to be saved has been written since it was last asked.
    if (ending.reason === null && (await holdsUnpushed(space))) {
      await space.close();
      // Opened as if it were wanted: what is not open is not sent.
      await set.open([ending.copy]);
      return kept.keep(name);
    }
    try {
      await remove(space, ending);
    } catch (error) {
      await space.close().catch(() => {});
      if (await isNoted(notes, name)) throw error;
    }
  };
  const runOnce = async (): Promise<void> => {
    queued = null;
    if (closed) return;
    const { wanted, ended } = await planCopies(personal);
    kept.begin();
    await set.open(wanted);
    for (const ending of ended) {
      if (closed) return;
      await drop(ending).catch((error: unknown) => {
        kept.keep(ending.copy.name);
        report(error);
      });
    }
    kept.end();
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = chain.then(work);
    chain = next.catch(() => {});
    return next;
  };
  const settle = (): Promise<void> => {
    if (queued) return queued;
    queued = inTurn(runOnce);
    queued.catch(report);
    return queued;
  };
  const kept = createKeptBack(() => void settle().catch(() => {}));
  const feed = main.changes({ since: 'now', live: true, return_docs: false }).on('change', ({ id }) => {
    if (!id.startsWith(idPrefixes.membership) && id !== settingsId) return;
    changed.emit();
    settle().catch(() => {});
  });
  feed.catch(() => {});
  const stop = async () => {
    closed = true;
    feed.cancel();
    await chain;
    kept.close();
  };

  // What can be shown is shown at once; what has to go may take its time.
  await set.open((await planCopies(personal)).wanted);
  settle().catch(() => {});
  return {
    settle,
    pushed(space) {
      if ([...kept.names()].some((name) => set.find(name) === space)) kept.pushed();
    },
    onChange: changed.subscribe,
    close: stop,
    // In turn: to close a copy that is being rescued would end that.
    countLocalOnly: () => inTurn(() => countLocalOnly(set, notes)),
    async destroy() {
      await stop();
      for (const copy of await listCopies(notes)) {
        const space = set.find(copy.name) ?? (await set.openHidden(copy));
        await space.destroy();
        await forgetCopy(notes, copy.name);
      }
    },
  };
}
