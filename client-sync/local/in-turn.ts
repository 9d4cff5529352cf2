import type { Pouch } from '../pouch/pouch-types.ts';

const lines = new WeakMap<Pouch, Map<string, Promise<unknown>>>();

/** Does work on a document of a database once what was begun on it before, in this tab, has ended. */
export function inTurn<T>(db: Pouch, docId: string, work: () => Promise<T>): Promise<T> {
  const line = lines.get(db) ?? new Map<string, Promise<unknown>>();
  lines.set(db, line);
  const next = (line.get(docId) ?? Promise.resolve()).then(work);
  const ended = next.then(
    () => {},
    () => {},
  );
  line.set(docId, ended);
  void ended.then(() => {
    if (line.get(docId) === ended) line.delete(docId);
  });
  return next;
}
