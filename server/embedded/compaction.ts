import type { Database } from './database.ts';

/**
 * Drops the bodies of replaced revisions in the background. They are kept for a while, as on CouchDB, so that
 * somebody who merges can still read the base; when many have gathered, or after a rest, they go.
 */
export interface Compaction {
  /** Notes documents whose earlier revision was replaced. */
  note: (database: Database, ids: string[]) => void;
  /** Compacts the whole database in the background. */
  start(database: Database): void;
  close(): Promise<void>;
}

export function createCompaction(options: {
  /** Replaced revisions after which a database is compacted at once. */
  revisions: number;
  /** Milliseconds without a write after which it is compacted anyway. */
  restMilliseconds: number;
  onError(error: unknown): void;
}): Compaction {
  interface Pending {
    ids: Set<string>;
    revisions: number;
    timer: NodeJS.Timeout | null;
    forget: () => void;
  }
  const pending = new Map<Database, Pending>();
  const running = new Set<Promise<void>>();

  function track(work: Promise<unknown>): void {
    const task = work.then(
      () => undefined,
      (error: unknown) => options.onError(error),
    );
    running.add(task);
    void task.finally(() => running.delete(task));
  }

  async function compact(database: Database): Promise<void> {
    const state = pending.get(database);
    if (!state) return;
    state.forget();
    await database.use(async (handle) => {
      for (const id of state.ids) await handle.compactDocument(id, 0).catch(() => undefined);
    });
  }

  function begin(database: Database): Pending {
    const state: Pending = { ids: new Set(), revisions: 0, timer: null, forget: () => undefined };
    const stopListening = database.onDelete(() => state.forget());
    state.forget = () => {
      if (state.timer) clearTimeout(state.timer);
      stopListening();
      pending.delete(database);
    };
    pending.set(database, state);
    return state;
  }

  return {
    note(database, ids) {
      if (ids.length === 0) return;
      const state = pending.get(database) ?? begin(database);
      for (const id of ids) state.ids.add(id);
      state.revisions += ids.length;
      if (state.timer) clearTimeout(state.timer);
      if (state.revisions >= options.revisions) return track(compact(database));
      state.timer = setTimeout(() => track(compact(database)), options.restMilliseconds);
      state.timer.unref();
    },
    start: (database) => track(database.use((handle) => handle.compact())),
    async close() {
      for (const state of pending.values()) state.forget();
      await Promise.all(running);
    },
  };
}
