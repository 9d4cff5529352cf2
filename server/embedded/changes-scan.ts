import type { Database } from './database.ts';
import { readDocument } from './documents.ts';
import { leavesOf, otherLeaves } from './leaves.ts';
import type { DocumentMetadata, StorageHandle, StoredDocument } from './storage.ts';
import type { StoredText } from './stored-text.ts';

export interface ChangeRow {
  seq: number;
  id: string;
  changes: { rev: string }[];
  deleted?: true;
  doc?: StoredDocument | null;
}

/** Decides whether a document belongs in a feed; it sees the winning revision. */
export type ChangeFilter = (document: StoredDocument) => boolean | Promise<boolean>;

export interface ScanOptions {
  since: number;
  limit?: number;
  descending: boolean;
  /** Every leaf in `changes`, not the winner alone. */
  allLeaves: boolean;
  includeDocs: boolean;
  conflicts: boolean;
  attachments: boolean;
  filter?: ChangeFilter;
}

export interface ScanResult {
  rows: ChangeRow[];
  /** Where the next scan starts. */
  lastSeq: number;
}

interface RawChange {
  /** The winning revision; null where nobody looks into it. */
  document: StoredDocument | null;
  metadata: DocumentMetadata;
}

const batchSize = 500;

/** One pass of the adapter over its sequences; documents rewritten meanwhile are left out of it. */
function scanOnce(
  handle: StorageHandle,
  since: number,
  limit: number | undefined,
  descending: boolean,
): Promise<RawChange[]> {
  return new Promise((resolve, reject) => {
    const found: RawChange[] = [];
    handle._changes({
      since,
      descending,
      ...(limit === undefined ? {} : { limit }),
      return_docs: false,
      include_docs: true,
      processChange: (document, metadata) => ({
        raw: { document, metadata },
        doc: document,
        id: metadata.id,
      }),
      onChange: (change) => found.push((change as { raw: RawChange }).raw),
      complete: (error) => (error ? reject(error) : resolve(found)),
    });
  });
}

/** The same without a look into the documents. */
async function scanMetadata(stored: StoredText, since: number, limit: number): Promise<RawChange[]> {
  const found: RawChange[] = [];
  for (let from = since; ;) {
    const changes = await stored.after(from, limit);
    const all = await stored.metadata(changes.map(({ id }) => id));
    for (const [index, { seq }] of changes.entries()) {
      const metadata = all[index];
      // A later sequence of the document is its place.
      if (metadata?.seq === seq && found.length < limit) found.push({ document: null, metadata });
    }
    if (changes.length < limit || found.length >= limit) return found;
    from = changes.at(-1)?.seq ?? from;
  }
}

async function toRow(
  handle: StorageHandle,
  { document, metadata }: RawChange,
  options: ScanOptions,
): Promise<ChangeRow> {
  const leaves = options.allLeaves
    ? leavesOf(metadata.rev_tree).map(({ rev }) => rev)
    : [metadata.winningRev];
  const row: ChangeRow = { seq: metadata.seq, id: metadata.id, changes: leaves.map((rev) => ({ rev })) };
  if (metadata.deleted) row.deleted = true;
  if (options.includeDocs && document !== null) {
    row.doc = options.attachments
      ? await readDocument(handle, metadata.id, { rev: document._rev, attachments: true }).catch(
          () => document,
        )
      : document;
    for (const attachment of Object.values(row.doc._attachments ?? {}))
      if (attachment.data === undefined) attachment.stub = true;
    const conflicts = options.conflicts ? otherLeaves(metadata.rev_tree, metadata.winningRev, false) : [];
    if (conflicts.length > 0) row.doc._conflicts = conflicts;
  }
  return row;
}

/**
 * Reads changes after `since`. The adapter leaves out a document that is rewritten while it scans, and the
 * rewrite's own sequence lies beyond the scan. So a scan that reaches the end goes on until it has caught up
 * with the writers, in the end by holding them off; else a one-shot replication would end without that document.
 */
export async function scanChanges(database: Database, options: ScanOptions): Promise<ScanResult> {
  return await database.use(async (handle) => {
    const rows = new Map<string, ChangeRow>();
    const state = { lastSeq: options.since, rounds: 0 };
    if (options.limit === 0) return { rows: [], lastSeq: options.since };
    const round = async (): Promise<boolean> => await scanRound(database, handle, options, rows, state);
    while (!(await round())) state.rounds += 1;
    return { rows: [...rows.values()], lastSeq: state.lastSeq };
  });
}

interface ScanState {
  lastSeq: number;
  rounds: number;
}

/** One batch; true when the scan is complete. */
async function scanRound(
  database: Database,
  handle: StorageHandle,
  options: ScanOptions,
  rows: Map<string, ChangeRow>,
  state: ScanState,
): Promise<boolean> {
  const wanted = batchLimit(options, rows.size);
  const read = (): Promise<Batch> => readBatch(database, handle, options, { since: state.lastSeq, wanted });
  const holdWriters = state.rounds > 0 && state.rounds % 8 === 0;
  const { found, head } = holdWriters ? await database.write(read) : await read();
  for (const raw of found) {
    if (!options.descending) state.lastSeq = raw.metadata.seq;
    if (options.filter && raw.document && !(await options.filter(raw.document))) continue;
    rows.delete(raw.metadata.id);
    rows.set(raw.metadata.id, await toRow(handle, raw, options));
    if (options.limit !== undefined && rows.size >= options.limit) return true;
  }
  if (options.descending) return true;
  if (found.length === wanted || (await database.sequence()) !== head) return false;
  state.lastSeq = Math.max(state.lastSeq, head);
  return true;
}

interface Batch {
  found: RawChange[];
  /** The update sequence before the batch was read. */
  head: number;
}

function batchLimit(options: ScanOptions, have: number): number | undefined {
  if (options.filter) return options.descending ? undefined : batchSize;
  const rest = options.limit === undefined ? undefined : options.limit - have;
  return options.descending ? rest : Math.min(batchSize, rest ?? batchSize);
}

async function readBatch(
  database: Database,
  handle: StorageHandle,
  { descending, includeDocs, filter }: ScanOptions,
  { since, wanted }: { since: number; wanted: number | undefined },
): Promise<Batch> {
  const head = await database.sequence();
  if (descending) return { found: await scanOnce(handle, 0, wanted, true), head };
  if (since >= head) return { found: [], head };
  const { stored } = handle;
  if (stored !== null && wanted !== undefined && !includeDocs && !filter) {
    return { found: await scanMetadata(stored, since, wanted), head };
  }
  return { found: await scanOnce(handle, since, wanted, false), head };
}
