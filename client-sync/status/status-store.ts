import { createSignal } from '../signal.ts';
import type { StatusApi } from '../sync-types.ts';
import { reduceSync } from './reduce-sync.ts';
import { initialFacts, type SyncEvent, type SyncFacts } from './sync-facts.ts';
import { describeStatus, type SyncStatus } from './sync-status.ts';

export interface StatusStore {
  api: StatusApi;
  facts: () => SyncFacts;
  dispatch: (event: SyncEvent) => void;
  /** Hears every event that changed something, to tell other tabs. */
  onFacts: (listener: (facts: SyncFacts) => void) => () => void;
}

/** Holds the facts of sync and tells listeners when what a person sees has changed. */
export function createStatusStore(): StatusStore {
  let facts = initialFacts;
  let status = describeStatus(facts);
  const statusChanged = createSignal<SyncStatus>();
  const factsChanged = createSignal<SyncFacts>();
  return {
    facts: () => facts,
    onFacts: factsChanged.subscribe,
    dispatch(event) {
      const next = reduceSync(facts, event);
      if (next === facts) return;
      facts = next;
      factsChanged.emit(facts);
      const described = describeStatus(facts);
      if (JSON.stringify(described) === JSON.stringify(status)) return;
      status = described;
      statusChanged.emit(status);
    },
    api: {
      get: () => status,
      subscribe(listener) {
        listener(status);
        return statusChanged.subscribe(listener);
      },
    },
  };
}
