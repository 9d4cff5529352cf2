import { SetteeClientError } from '../errors.ts';
import type { Pouch } from '../pouch/pouch-types.ts';

const lines = new WeakMap<Pouch, Map<string, Promise<unknown>>>();
const ended = new WeakSet<Pouch>();
/** Whether a database goes is being decided. */
const deciding = new WeakMap<Pouch, Promise<void>>();

/** Does work on a document of a database once what was begun on it before, in this tab, has ended. */
export function inTurn<T>(db: Pouch, docId: string, work: () => Promise<T>): Promise<T> {
  const line = lines.get(db) ?? new Map<string, Promise<unknown>>();
  lines.set(db, line);
  const next = (line.get(docId) ?? Promise.resolve()).then(work);
  const done = next.then(
    () => {},
    () => {},
  );
  line.set(docId, done);
  void done.then(() => {
    if (line.get(docId) === done) line.delete(docId);
  });
  return next;
}

/** The same for what the user writes: rejects where the database is about to go, so that nothing is written in vain. */
export function writeInTurn<T>(db: Pouch, docId: string, work: () => Promise<T>): Promise<T> {
  // As things are now: what is decided on waits for writes that were asked for before, which must not wait for it.
  const decided = deciding.get(db);
  return inTurn(db, docId, async () => {
    await decided;
    if (ended.has(db)) throw new SetteeClientError('not_found', 'This is no longer kept here.');
    return work();
  });
}

/** Lets no write begin any more; resolves when those that began have ended. */
export async function endWrites(databases: readonly Pouch[]): Promise<void> {
  for (const db of databases) ended.add(db);
  await Promise.all(databases.flatMap((db) => [...(lines.get(db)?.values() ?? [])]));
}

/**
 * Ends writes where `mayGo` says so of a database to which nothing is being written: what comes meanwhile waits, and is
 * refused where it goes. Answers what was decided.
 */
export async function endWritesIf(db: Pouch, mayGo: () => Promise<boolean>): Promise<boolean> {
  const begun = [...(lines.get(db)?.values() ?? [])];
  const decision = Promise.all(begun)
    .then(mayGo)
    .then((goes) => {
      if (goes) ended.add(db);
      return goes;
    })
    .finally(() => deciding.delete(db));
  const decided = decision.then(
    () => {},
    () => {},
  );
  deciding.set(db, decided);
  return decision;
}
