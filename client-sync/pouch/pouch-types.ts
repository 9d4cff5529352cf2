/** The part of PouchDB's interface that client-sync uses. Its published types would bring Node's globals into browsers. */

export interface PouchDocument {
  _id: string;
  _rev?: string;
  _deleted?: boolean;
  _conflicts?: string[];
  _revisions?: unknown;
  [field: string]: unknown;
}

export interface PouchError {
  status?: number;
  name?: string;
  message?: string;
  reason?: string;
  error?: unknown;
  id?: string;
}

export interface PouchChange {
  id: string;
  seq: number | string;
  deleted?: boolean;
  changes: { rev: string }[];
  doc?: PouchDocument;
}

export interface BulkResult extends PouchError {
  ok?: boolean;
  rev?: string;
}

export interface BulkGetRequest {
  docs: { id: string; rev?: string }[];
  revs?: boolean;
  latest?: boolean;
  attachments?: boolean;
}

export interface BulkGetResponse {
  results: { id: string; docs: { ok?: PouchDocument; error?: unknown }[] }[];
}

export interface ReplicationChange {
  docs?: PouchDocument[];
  docs_read: number;
  docs_written: number;
  last_seq: number | string;
  pending?: number;
}

export interface Replication extends Promise<ReplicationChange> {
  on(event: 'change', listener: (change: ReplicationChange) => void): this;
  on(event: 'active', listener: () => void): this;
  on(event: 'paused' | 'error', listener: (error?: PouchError) => void): this;
  on(event: 'complete', listener: (result: ReplicationChange) => void): this;
  on(event: 'checkpoint', listener: (event: { checkpoint?: number | string }) => void): this;
  cancel(): void;
}

export interface ReplicationOptions {
  live?: boolean;
  retry?: boolean;
  batch_size?: number;
  batches_limit?: number;
  checkpoint?: false | 'source' | 'target';
}

export interface ChangesOptions {
  since?: number | string;
  limit?: number;
  live?: boolean;
  style?: 'all_docs' | 'main_only';
  include_docs?: boolean;
  conflicts?: boolean;
  return_docs?: boolean;
}

export interface Changes extends Promise<{ results: PouchChange[]; last_seq: number | string }> {
  on(event: 'change', listener: (change: PouchChange) => void): this;
  on(event: 'error', listener: (error: PouchError) => void): this;
  cancel(): void;
}

export interface AllDocsRow {
  id: string;
  key: string;
  error?: string;
  value?: { rev: string; deleted?: boolean };
  doc?: PouchDocument | null;
}

export interface AllDocsOptions {
  keys?: string[];
  startkey?: string;
  endkey?: string;
  limit?: number;
  skip?: number;
  descending?: boolean;
  include_docs?: boolean;
  conflicts?: boolean;
}

export type OpenRevision = { ok: PouchDocument } | { missing: string };

export interface Pouch {
  name: string;
  get(
    id: string,
    options?: {
      rev?: string;
      revs?: boolean;
      conflicts?: boolean;
      latest?: boolean;
      attachments?: boolean;
    },
  ): Promise<PouchDocument>;
  get(
    id: string,
    options: { open_revs: 'all' | string[]; revs?: boolean; attachments?: boolean },
  ): Promise<OpenRevision[]>;
  put(doc: PouchDocument): Promise<{ ok: true; id: string; rev: string }>;
  bulkDocs(
    docs: PouchDocument[] | { docs: PouchDocument[]; new_edits?: boolean },
    options?: { new_edits?: boolean },
  ): Promise<BulkResult[]>;
  bulkGet(request: BulkGetRequest): Promise<BulkGetResponse>;
  /** Of these revisions, by document, those that are not there. */
  revsDiff(revisions: Record<string, string[]>): Promise<Record<string, { missing: string[] }>>;
  /** A Blob in browsers, a Buffer in Node. */
  getAttachment(id: string, name: string, options?: { rev?: string }): Promise<unknown>;
  allDocs(options: AllDocsOptions): Promise<{ rows: AllDocsRow[] }>;
  changes(options: ChangesOptions): Changes;
  info(): Promise<{ doc_count: number; update_seq: number | string }>;
  id(): Promise<string>;
  replicate: {
    to(target: Pouch, options: ReplicationOptions): Replication;
    from(source: Pouch, options: ReplicationOptions): Replication;
  };
  on(event: 'destroyed', listener: () => void): unknown;
  once(event: 'closed' | 'destroyed', listener: () => void): unknown;
  /** Of Node's EventEmitter. */
  setMaxListeners(count: number): void;
  close(): Promise<void>;
  destroy(): Promise<void>;
}

export interface PouchOptions {
  adapter: string;
  auto_compaction?: boolean;
  revs_limit?: number;
  fetch?: typeof fetch;
  skip_setup?: boolean;
}

export interface PouchConstructor {
  new (name: string, options: PouchOptions): Pouch;
  plugin(plugin: unknown): PouchConstructor;
  prototype: object;
}
