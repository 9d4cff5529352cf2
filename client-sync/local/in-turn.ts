import { SetteeClientError } from '../errors.ts';
import type { Pouch } from '../pouch/pouch-types.ts';

const lines = new WeakMap<Pouch, Map<string, Promise<unknown>>>();
const ended = new WeakSet<Pouch>();

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
  return inTurn(db, docId, async () => {
    if (ended.has(db)) throw new SetteeClientError('not_found', 'This space is no longer kept here.');
    return work();
  });
}

/** Lets no write begin any more; resolves when those that began have ended. */
export async function endWrites(databases: readonly Pouch[]): Promise<void> {
  for (const db of databases) ended.add(db);
  await Promise.all(databases.flatMap((db) => [...(lines.get(db)?.values() ?? [])]));
}
