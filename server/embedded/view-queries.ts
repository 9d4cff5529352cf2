import { LRUCache } from 'lru-cache';
import { badRequest, CouchError, queryError } from './couch-error.ts';
import type { Database } from './database.ts';
import type { ViewOptions } from './view-options.ts';
import type { ViewIndex } from './views.ts';

export interface ViewAnswer {
  rows: { id?: string; key?: unknown; value?: unknown; doc?: unknown }[];
  total_rows?: number;
  offset?: number;
  update_seq?: number;
}

export interface ViewQueries {
  /** Answers a view; throws 404 for a missing design document or view, 400 for bad options. */
  query(database: Database, view: string, options: ViewOptions): Promise<ViewAnswer>;
}

interface Cached {
  sequence: number;
  answer: ViewAnswer;
}

/** Rows an answer may have to be remembered, and those of all answers together. */
const cachedRows = 2000;
const allCachedRows = 100_000;

/**
 * Queries with a memory: PouchDB reduces all rows anew at every query, so an answer is kept until the
 * database's update sequence moves on.
 */
export function createViewQueries(options: { index: ViewIndex }): ViewQueries {
  const cache = new LRUCache<string, Cached>({
    maxSize: allCachedRows,
    sizeCalculation: ({ answer }) => answer.rows.length + 1,
  });
  // A database that was deleted and made anew has the old one's name, and soon its sequence.
  const numbers = new WeakMap<Database, number>();
  let databases = 0;

  function numberOf(database: Database): number {
    const known = numbers.get(database) ?? (databases += 1);
    numbers.set(database, known);
    return known;
  }

  async function ask(database: Database, view: string, wanted: ViewOptions): Promise<ViewAnswer> {
    const { startkey_docid: startId, endkey_docid: endId, update, ...rest } = wanted;
    const paged = startId !== undefined || endId !== undefined;
    const query = { ...rest, ...(update === false ? { stale: 'ok' } : {}) };
    if (paged) {
      delete query.limit;
      delete query.skip;
    }
    const answer = (await database
      .use((handle) => options.index.query(handle, view, query))
      .catch((error: unknown) => {
        throw viewError(error);
      })) as ViewAnswer;
    return paged ? pageByDocument(answer, wanted) : answer;
  }

  return {
    async query(database, view, wanted) {
      checkRange(wanted);
      const sequence = await database.sequence();
      const cacheable = !wanted.include_docs && wanted.stale === undefined && wanted.update !== false;
      const key = `${numberOf(database)} ${view} ${JSON.stringify(wanted)}`;
      const known = cache.get(key);
      if (cacheable && known?.sequence === sequence) return known.answer;
      const answer = await ask(database, view, wanted);
      if (cacheable && answer.rows.length <= cachedRows) cache.set(key, { sequence, answer });
      return answer;
    },
  };
}

function checkRange({ keys, key, startkey, endkey }: ViewOptions): void {
  if (keys && (key !== undefined || startkey !== undefined || endkey !== undefined)) {
    throw queryError('`keys` is incompatible with `key`, `start_key` and `end_key`');
  }
}

function sameKey(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** CouchDB orders rows of one key by document id; the `_docid` options start and end within them. */
function pageByDocument(answer: ViewAnswer, wanted: ViewOptions): ViewAnswer {
  const { startkey, endkey, startkey_docid: startId, endkey_docid: endId, descending = false } = wanted;
  const before = (a: string, b: string): boolean => (descending ? a > b : a < b);
  const rows = answer.rows.filter(({ id = '', key }) => {
    if (startId !== undefined && sameKey(key, startkey) && before(id, startId)) return false;
    return !(endId !== undefined && sameKey(key, endkey) && before(endId, id));
  });
  const skip = wanted.skip ?? 0;
  return { ...answer, rows: rows.slice(skip, wanted.limit === undefined ? undefined : skip + wanted.limit) };
}

function viewError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  if (name === 'query_parse_error') return queryError(message);
  if (name === 'invalid_value') return new CouchError(400, 'builtin_reduce_error', message);
  if (name === 'DesignFunctionError') return new CouchError(400, 'compilation_error', message);
  return name === 'TypeError' ? badRequest('The view cannot be asked like that.') : error;
}
