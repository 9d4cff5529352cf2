import { bareId, idPrefixes } from '../../schema/ids.ts';
import type { Pouch, PouchDocument } from '../pouch/pouch-types.ts';
import { inTurn } from './in-turn.ts';
import { getOrNull, isStatus, retryOnConflict } from './local-documents.ts';

/*
 * A merge asks what the sides have in common, and PouchDB keeps the body of a replaced revision no longer than until
 * its compaction. So what a device replaces is kept here until a pull has followed the push: whoever edited from the
 * same revision meanwhile, his edit has arrived by then, or he keeps the base himself.
 */

const baseNote = (docId: string) => `_local/base:${docId}`;
/** Which documents have bases: PouchDB does not list local documents. */
const indexNote = '_local/bases';

/** Bases of one document: the oldest, and the newest few. */
const mostBases = 6;
const mostCharacters = 16_000_000;

interface Base {
  revision: string;
  document: PouchDocument;
}

function basesOf(note: PouchDocument | null): Base[] {
  return Array.isArray(note?.bases) ? (note.bases as Base[]) : [];
}

async function changeIndex(db: Pouch, change: (ids: Set<string>) => boolean): Promise<void> {
  await retryOnConflict(async () => {
    const note = await getOrNull(db, indexNote);
    const ids = new Set(Array.isArray(note?.ids) ? (note.ids as string[]) : []);
    if (!change(ids)) return;
    await db.put({ ...note, _id: indexNote, ids: [...ids] });
  });
}

/** The ids of the documents of which bases are kept. */
export async function documentsWithBases(db: Pouch): Promise<Set<string>> {
  const note = await getOrNull(db, indexNote);
  return new Set(Array.isArray(note?.ids) ? (note.ids as string[]) : []);
}

/** The first base stays: it is the one that others may have edited from. */
function bounded(bases: readonly Base[]): Base[] {
  const [first, ...others] = bases;
  if (first === undefined) return [];
  const kept = others.slice(1 - mostBases);
  while (kept.length > 0 && JSON.stringify([first, ...kept]).length > mostCharacters) kept.shift();
  return [first, ...kept];
}

/** Keeps contents that are about to be replaced. Resolves once they would survive a crash. */
export async function noteBases(db: Pouch, documents: readonly PouchDocument[]): Promise<void> {
  const [first] = documents;
  if (first === undefined) return;
  const id = baseNote(first._id);
  await retryOnConflict(async () => {
    const note = await getOrNull(db, id);
    const bases = basesOf(note);
    const known = new Set(bases.map(({ revision }) => revision));
    const added = documents.flatMap(({ _revisions, _conflicts, ...document }) =>
      document._rev === undefined || known.has(document._rev) ? [] : [{ revision: document._rev, document }],
    );
    if (added.length === 0) return;
    await db.put({ ...note, _id: id, bases: bounded([...bases, ...added] as Base[]) });
  });
  await changeIndex(db, (ids) => !ids.has(first._id) && Boolean(ids.add(first._id)));
}

/**
 * Keeps what is about to be sent of documents that have bases already: from now on others may edit it, while this
 * device takes what it replaces of its own for nobody else's business.
 */
export async function keepSent(db: Pouch, documents: readonly PouchDocument[]): Promise<void> {
  const ids = await documentsWithBases(db);
  const sent = documents.filter(({ _id, _deleted }) => _deleted !== true && ids.has(_id));
  for (const { _attachments, ...document } of sent) await noteBases(db, [document]);
}

/** The contents that are kept of a document, by revision. */
export async function readBases(db: Pouch, docId: string): Promise<Map<string, PouchDocument>> {
  const note = await getOrNull(db, baseNote(docId));
  return new Map(basesOf(note).map(({ revision, document }) => [revision, document]));
}

async function forget(db: Pouch, docId: string): Promise<void> {
  const note = await getOrNull(db, baseNote(docId));
  if (note?._rev !== undefined) {
    try {
      await db.put({ _id: note._id, _rev: note._rev, _deleted: true });
    } catch (error) {
      // Another tab has just kept one more: it stays until the next time.
      if (isStatus(error, 409)) return;
      throw error;
    }
  }
  await changeIndex(db, (ids) => ids.delete(docId));
  // Kept again between the two: it has to be found again.
  if (await getOrNull(db, baseNote(docId))) await changeIndex(db, (ids) => Boolean(ids.add(docId)));
}

/**
 * Lets go of the bases of documents that the push has passed up to a sequence, once a pull has followed it. Those of a
 * conflict that is not settled stay.
 */
export async function releaseBases({
  db,
  pushedThrough,
}: {
  db: Pouch;
  pushedThrough: number;
}): Promise<void> {
  const ids = await documentsWithBases(db);
  if (ids.size === 0) return;
  const { results, last_seq } = await db.changes({ since: pushedThrough, return_docs: true });
  const changed = new Set(results.map(({ id }) => id));
  for (const docId of ids) {
    if (changed.has(docId)) continue;
    // Not in the middle of a write, which counts on the base.
    await inTurn(db, docId, async () => {
      const { results: late } = await db.changes({ since: last_seq, return_docs: true });
      if (!late.some(({ id }) => id === docId)) await release(db, docId);
    });
  }
}

async function release(db: Pouch, docId: string): Promise<void> {
  const document = await getOrNull(db, docId, { conflicts: true });
  if ((document?._conflicts?.length ?? 0) > 0) return;
  // Moved away: where it is now, edits may meet that began here, among them one that is still being carried over.
  if (await getOrNull(db, idPrefixes.moved + bareId(docId))) return;
  await forget(db, docId);
}
