import type { Month } from '../../schema/database-names.ts';
import type { PouchDocument } from '../pouch/pouch-types.ts';
import { createSignal } from '../signal.ts';
import { createDocumentIndex, type DocumentIndex } from './document-index.ts';
import { textOf } from './text-of.ts';
import type { LocalSpace } from './open-space.ts';

export interface RunSummary {
  month: Month;
  flowId: string;
  status: string;
  startedAt: string;
  deleted: boolean;
}

/** Summaries of the runs of all months kept here, read when somebody first asks. */
export interface RunIndex {
  ready: () => Promise<void>;
  entries: () => Map<string, RunSummary>;
  apply: (month: Month, doc: PouchDocument) => Promise<void>;
  onChange: (listener: () => void) => () => void;
  close: () => void;
}

export function createRunIndex(space: LocalSpace): RunIndex {
  const indexes = new Map<Month, DocumentIndex<RunSummary>>();
  const changed = createSignal<void>();

  const open = (month: Month): DocumentIndex<RunSummary> | null => {
    const db = space.database(month);
    const known = indexes.get(month);
    if (known || !db) return known ?? null;
    // No prefix: recorded runs and, later, those of the server's engine.
    const index = createDocumentIndex({ db, prefix: '', summarize: (doc) => summarizeRun(month, doc) });
    index.onChange(() => changed.emit());
    indexes.set(month, index);
    return index;
  };
  const read = async (month: Month): Promise<void> => {
    try {
      await open(month)?.ready();
    } catch (error) {
      // One that is dropped meanwhile gives nothing and fails nobody.
      if (space.months().includes(month)) throw error;
    }
  };
  const forgetDropped = () => {
    const months = space.months();
    for (const [month, index] of indexes) {
      if (months.includes(month)) continue;
      index.close();
      indexes.delete(month);
    }
  };
  const unsubscribe = space.onMonths(() => {
    forgetDropped();
    changed.emit();
  });
  return {
    async ready() {
      forgetDropped();
      await Promise.all(space.months().map(read));
    },
    entries: () => new Map([...indexes.values()].flatMap((index) => [...index.entries()].filter(isRun))),
    async apply(month, doc) {
      open(month)?.apply(doc);
    },
    onChange: changed.subscribe,
    close() {
      unsubscribe();
      for (const index of indexes.values()) index.close();
    },
  };
}

function isRun([id]: [string, RunSummary]): boolean {
  return id.startsWith('execution:') || id.startsWith('run:');
}

function summarizeRun(month: Month, doc: PouchDocument): RunSummary {
  return {
    month,
    flowId: textOf(doc.flowId),
    status: textOf(doc.status),
    startedAt: textOf(doc.startedAt),
    deleted: doc.deleted === true,
  };
}
