import { queryError } from './couch-error.ts';
import type { Database } from './database.ts';
import { readDocument } from './documents.ts';
import type { ViewOptions } from './view-options.ts';

interface AllDocsRow {
  id?: string;
  key: unknown;
  value?: { rev: string; deleted?: boolean };
  doc?: unknown;
  error?: string;
}

export interface AllDocsAnswer {
  total_rows: number;
  offset: number | null;
  rows: AllDocsRow[];
  update_seq?: number;
}

function idOption(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return value;
  // Ids are strings: a key of another type sorts before or after all of them.
  if (value === null || typeof value === 'number' || typeof value === 'boolean')
    return name === 'key' ? undefined : '';
  return '\uffff';
}

/** Answers `_all_docs`; ids are in code unit order. */
export async function readAllDocs(database: Database, options: ViewOptions): Promise<AllDocsAnswer> {
  const {
    keys,
    key,
    startkey,
    endkey,
    skip = 0,
    limit,
    descending = false,
    inclusive_end: inclusive = true,
  } = options;
  const common = { include_docs: options.include_docs ?? false, conflicts: options.conflicts ?? false };
  if (keys) {
    if (startkey !== undefined || endkey !== undefined || key !== undefined) {
      throw queryError('`keys` is incompatible with `key`, `start_key` and `end_key`');
    }
    return await byKeys(database, keys, options);
  }
  const range = {
    ...(startkey === undefined ? {} : { startkey: idOption('startkey', startkey) }),
    ...(endkey === undefined ? {} : { endkey: idOption('endkey', endkey) }),
    ...(typeof key === 'string' ? { key } : {}),
  };
  const query = {
    ...common,
    ...range,
    skip,
    descending,
    inclusive_end: inclusive,
    ...(limit === undefined ? {} : { limit }),
  };
  return await database.use(async (handle) => {
    const answer = await handle.allDocs(
      key !== undefined && typeof key !== 'string' ? { ...query, limit: 0 } : query,
    );
    const rows = answer.rows.map((row) =>
      row.doc ? { ...row, doc: row.doc as unknown } : row,
    ) as AllDocsRow[];
    if (options.include_docs && options.attachments) {
      for (const row of rows) row.doc = await readDocument(handle, row.id as string, { attachments: true });
    }
    const sequence = options.update_seq ? { update_seq: await database.sequence() } : {};
    return { total_rows: answer.total_rows, offset: answer.offset ?? 0, rows, ...sequence };
  });
}

async function byKeys(database: Database, keys: unknown[], options: ViewOptions): Promise<AllDocsAnswer> {
  const { skip = 0, limit, descending = false } = options;
  const ordered = [...keys];
  if (descending) ordered.reverse();
  const wanted = ordered.slice(skip, limit === undefined ? undefined : skip + limit);
  return await database.use(async (handle) => {
    const rows = await Promise.all(wanted.map((key) => rowFor(key)));
    return { total_rows: (await handle.info()).doc_count, offset: null, rows };

    async function rowFor(key: unknown): Promise<AllDocsRow> {
      if (typeof key !== 'string') return { key, error: 'not_found' };
      const {
        rows: [row],
      } = (await handle.allDocs({ keys: [key], include_docs: false })) as unknown as { rows: AllDocsRow[] };
      if (!row?.value) return { key, error: 'not_found' };
      if (!options.include_docs) return row;
      if (row.value.deleted) return { ...row, doc: null };
      const read = { conflicts: options.conflicts ?? false, attachments: options.attachments ?? false };
      return { ...row, doc: await readDocument(handle, key, read) };
    }
  });
}
