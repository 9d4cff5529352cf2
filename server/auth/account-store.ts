import type nano from 'nano';
import { SetteeError } from '../errors.ts';
import type { AccountDocument } from './account-documents.ts';

/** Reads and writes of the `accounts` database; every change is fenced by the document's revision. */
export interface AccountStore {
  get<T extends AccountDocument>(id: string): Promise<T | null>;
  getMany(ids: string[]): Promise<(AccountDocument | null)[]>;
  /** Every document whose id starts with this. */
  range<T extends AccountDocument>(idPrefix: string): Promise<T[]>;
  /** False where the document exists. */
  create(document: AccountDocument): Promise<boolean>;
  /** Writes the document with the revision it carries; false where that is no longer the newest. */
  replace(document: AccountDocument): Promise<boolean>;
  /** Reads, lets `change` decide (null: leave it), writes, and starts again on a conflict. Null where there is no document. */
  update<T extends AccountDocument>(id: string, change: (document: T) => T | null): Promise<T | null>;
  /** Deletes the newest revision; does nothing where there is none. */
  remove(id: string): Promise<void>;
}

const attempts = 20;

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === status;
}

async function orNull<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (hasStatus(error, 404)) return null;
    throw error;
  }
}

async function unlessConflict(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (hasStatus(error, 409)) return false;
    throw error;
  }
}

/** Tries until an attempt is done; null means that another write came first. */
async function repeat<R>(attempt: () => Promise<{ done: R } | null>): Promise<R> {
  for (let count = 0; count < attempts; count += 1) {
    const outcome = await attempt();
    if (outcome) return outcome.done;
  }
  throw new SetteeError('conflict', 'Too many changes at once; try again.');
}

/** `onWrite` is told of every write of this process as soon as it is acknowledged, before the feed brings it. */
export function createAccountStore(options: {
  database: nano.DocumentScope<AccountDocument>;
  onWrite: (id: string, document: AccountDocument | null) => void;
}): AccountStore {
  const { database, onWrite } = options;

  async function get<T extends AccountDocument>(id: string): Promise<T | null> {
    return (await orNull(database.get(id))) as T | null;
  }

  async function write(document: AccountDocument): Promise<boolean> {
    const written = await unlessConflict(database.insert(document));
    if (written) onWrite(document._id, document);
    return written;
  }

  return {
    get,
    async getMany(ids) {
      const { rows } = await database.fetch({ keys: ids });
      return rows.map((row) => ('doc' in row && row.doc ? (row.doc as AccountDocument) : null));
    },
    async range<T extends AccountDocument>(idPrefix: string): Promise<T[]> {
      const { rows } = await database.list({
        include_docs: true,
        start_key: idPrefix,
        end_key: `${idPrefix}\ufff0`,
      });
      return rows.flatMap(({ doc }) => (doc ? [doc as AccountDocument as T] : []));
    },
    create: write,
    replace: write,
    update: <T extends AccountDocument>(id: string, change: (document: T) => T | null) =>
      repeat<T | null>(async () => {
        const document = await get<T>(id);
        const changed = document && change(document);
        if (!changed || changed === document) return { done: document };
        return (await write(changed)) ? { done: changed } : null;
      }),
    remove: (id) =>
      repeat<undefined>(async () => {
        const document = await get(id);
        if (document) {
          // Another process may have removed it since: then the engine says 404 or 409, and there is nothing left to read.
          const removed = await unlessConflict(orNull(database.destroy(id, document._rev ?? '')));
          if (!removed) return null;
          onWrite(id, null);
        }
        return { done: undefined };
      }),
  };
}
