import { getOrNull, putNote } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createSignal } from '../signal.ts';

/** What one local database holds that the server may not have. */
export interface PendingChanges {
  ready: () => Promise<void>;
  count: () => number;
  /** A revision that is about to be written by a pull: it came from the server. */
  expect: (docId: string, revision: string) => void;
  /** Whether the revision was made here since this was opened, so that no server can have it yet. */
  isNew: (docId: string, revision: string) => boolean;
  /** The push has passed this sequence. */
  passed: (sequence: number) => void;
  /** The sequence that the push has passed. */
  sequence: () => number;
  /** Makes sure that a later visit knows what has been pushed. */
  flush: () => Promise<void>;
  onChange: (listener: () => void) => () => void;
  close: () => Promise<void>;
}

const note = '_local/pushed';
const saveMilliseconds = 500;

async function readPushed(db: Pouch): Promise<number> {
  const stored = await getOrNull(db, note);
  return typeof stored?.sequence === 'number' ? stored.sequence : 0;
}

/** The documents of the user's that have changed since the last push: right once a push has run, and never too few. */
export async function listUnpushed(db: Pouch): Promise<{ docId: string; revision: string }[]> {
  const { results } = await db.changes({ since: await readPushed(db), return_docs: true });
  return results
    .filter(({ id }) => !id.startsWith('device:') && !id.startsWith('_design/'))
    .map(({ id, changes }) => ({ docId: id, revision: changes[0]?.rev ?? '' }));
}

export async function countUnpushed(db: Pouch): Promise<number> {
  return (await listUnpushed(db)).length;
}

export function createPendingChanges(db: Pouch): PendingChanges {
  const waiting = new Map<string, number>();
  const expected = new Set<string>();
  const changed = createSignal<void>();
  /** By document, what was made here and has not been pushed. */
  const made = new Map<string, Set<string>>();
  let pushed = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let saving: Promise<void> = Promise.resolve();
  let closed = false;
  let feed: ReturnType<Pouch['changes']> | undefined;

  const save = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    saving = saving.catch(() => {}).then(() => putNote(db, note, { sequence: pushed }));
    return saving;
  };
  const saveSoon = () => {
    timer ??= setTimeout(() => {
      save().catch(() => {
        // Only a note: a smaller sequence makes the next count too high, until a push has run.
      });
    }, saveMilliseconds);
  };
  const flush = () => (timer === undefined ? saving : save());
  const begin = async () => {
    const { update_seq: begun } = await db.info();
    pushed = await readPushed(db);
    if (closed) return;
    feed = db
      .changes({ since: pushed, live: true, style: 'all_docs', return_docs: false })
      .on('change', (change) => {
        const sequence = Number(change.seq);
        const arrived = change.changes.filter(({ rev }) => expected.delete(`${change.id}@${rev}`));
        if (arrived.length > 0 || sequence <= pushed || change.id.startsWith('_design/')) return;
        waiting.set(change.id, sequence);

        if (sequence > Number(begun)) made.set(change.id, new Set(change.changes.map(({ rev }) => rev)));
        changed.emit();
      });
    feed.catch(() => {});
  };
  let loading: Promise<void> | null = null;
  const ready = (): Promise<void> => {
    // Storage that failed once may work the next time.
    loading ??= begin().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
  ready().catch(() => {});
  return {
    ready,
    count: () => waiting.size,
    sequence: () => pushed,
    expect: (docId, revision) => void expected.add(`${docId}@${revision}`),
    isNew: (docId, revision) => made.get(docId)?.has(revision) ?? false,
    passed(sequence) {
      if (!(sequence > pushed)) return;
      pushed = sequence;
      for (const [id, at] of waiting) {
        if (at > sequence) continue;
        waiting.delete(id);
        made.delete(id);
      }
      changed.emit();
      saveSoon();
    },
    onChange: changed.subscribe,
    flush,
    async close() {
      closed = true;
      feed?.cancel();
      await flush().catch(() => {});
    },
  };
}
