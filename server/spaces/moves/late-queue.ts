import type { Log } from '../../log.ts';
import type { Writers } from './late-parts.ts';

/** Writes that come so close together are looked at together, with all of their authors. */
const gatherMilliseconds = 50;

/** Notices of writes, until somebody looked at what they were. */
export interface LateQueue {
  /** `userId` is who wrote, where that matters. */
  add(database: string, userId?: string): void;
  addUnknown(database: string): void;
  lookAtUnknown(): Promise<void>;
  settled(): Promise<void>;
  close(): void;
}

export function createLateQueue({
  look,
  log,
  failure = 'late edits could not be carried over',
}: {
  look: (database: string, writers: Writers) => Promise<void>;
  log: Log;
  /** What to say where a look fails. */
  failure?: string;
}): LateQueue {
  const writersByDatabase = new Map<string, Set<string>>();
  /** To be looked at by the next sweep; the authors where a first look failed. */
  const waiting = new Map<string, Writers>();
  /** By database: two looks at once would take each other's changes. */
  const looking = new Map<string, Promise<void>>();
  let isClosed = false;

  async function lookAt(database: string, writers: Writers): Promise<void> {
    try {
      await look(database, writers);
    } catch (error) {
      if (isClosed) return;
      waiting.set(database, waiting.has(database) ? null : writers);
      log.warn({ err: error, database }, `${failure}; tried again later`);
    }
  }

  function inTurn(database: string, work: () => Promise<void>): Promise<void> {
    const turn = (looking.get(database) ?? Promise.resolve()).then(work);
    looking.set(database, turn);
    return turn.finally(() => looking.get(database) === turn && looking.delete(database));
  }

  async function gather(database: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, gatherMilliseconds));
    const writers = [...(writersByDatabase.get(database) ?? [])];
    writersByDatabase.delete(database);
    if (!isClosed) await lookAt(database, writers);
  }

  return {
    add(database, userId) {
      const gathered = writersByDatabase.get(database);
      const writers = userId === undefined ? [] : [userId];
      if (gathered) {
        for (const writer of writers) gathered.add(writer);
        return;
      }
      writersByDatabase.set(database, new Set(writers));
      void inTurn(database, () => gather(database));
    },
    addUnknown: (database) => void waiting.set(database, null),
    async lookAtUnknown() {
      const now = Array.from(waiting);
      waiting.clear();
      for (const [database, writers] of now) {
        if (!isClosed) await inTurn(database, () => lookAt(database, writers));
      }
    },
    async settled() {
      while (looking.size > 0) await Promise.all(looking.values());
    },
    close() {
      isClosed = true;
    },
  };
}
