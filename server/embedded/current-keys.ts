import type { StorageHandle } from './storage.ts';

interface IndexWrite {
  docs: { _id: string; _deleted?: boolean; keys?: string[] }[];
}

interface Index {
  bulkDocs(write: IndexWrite): Promise<unknown>;
}

interface IndexMaker {
  registerDependentDatabase(name: string): Promise<{ db: Index }>;
}

/**
 * PouchDB notes for each document the keys of its rows in an index, to find the rows at its next change, and
 * leaves out none that went: a document whose key changes at every save would be noted with all it ever had.
 */
function noteCurrentKeys(index: Index): void {
  const bulkDocs = index.bulkDocs.bind(index);
  index.bulkDocs = (write) => {
    // One write has the notes of each document and all of its rows, kept, new and gone.
    const current = new Set(write.docs.flatMap(({ _id, _deleted }) => (_deleted ? [] : [_id])));
    for (const note of write.docs) note.keys &&= note.keys.filter((key) => current.has(key));
    return bulkDocs(write);
  };
}

/** Keeps the indexes of a database as small as their rows are. */
export function keepCurrentKeys(handle: StorageHandle): void {
  const maker = handle as unknown as IndexMaker;
  const register = maker.registerDependentDatabase.bind(handle);
  maker.registerDependentDatabase = async (name) => {
    const registered = await register(name);
    noteCurrentKeys(registered.db);
    return registered;
  };
}
