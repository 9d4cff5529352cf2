import type { Pouch } from '../pouch/pouch-types.ts';
import { getOrNull, retryOnConflict } from './local-documents.ts';

/** The revisions of a document that this device wrote: the last one, and some before it. */
export interface OwnRevisions {
  last: string;
  all: ReadonlySet<string>;
}

/** The note of what this device wrote; `rev` is the newest. */
export const ownNote = (docId: string) => `_local/own:${docId}`;

const remembered = 20;

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** Notes that a revision was written here, and not pulled. */
export async function noteOwn(db: Pouch, docId: string, revision: string): Promise<void> {
  await retryOnConflict(async () => {
    const before = await getOrNull(db, ownNote(docId));
    const known = [...textsOf(before?.earlier), ...textsOf([before?.rev])];
    await db.put({
      ...before,
      _id: ownNote(docId),
      rev: revision,
      earlier: known.filter((rev) => rev !== revision).slice(-remembered),
    });
  });
}

/** What this device wrote of a document; null where it wrote nothing. */
export async function readOwn(db: Pouch, docId: string): Promise<OwnRevisions | null> {
  const note = await getOrNull(db, ownNote(docId));
  if (typeof note?.rev !== 'string') return null;
  return { last: note.rev, all: new Set([note.rev, ...textsOf(note.earlier)]) };
}
