import { sequenceText } from '../../couch/sequence-text.ts';
import type { Spaces } from '../../spaces/spaces.ts';
import type { Turns } from './turns.ts';
import { engineStatus, fromEngine, refusal } from './engine-error.ts';

/** A nano scope as `Spaces.open` gives it, with the caller's role. */
type EngineScope = ReturnType<Spaces['open']>;

/** What the engine adds to a document it has stored. */
export interface Stored {
  _id: string;
  _rev: string;
  /** Losing leaves, where they were asked for. */
  _conflicts?: string[];
}

export interface ViewRow<K, V> {
  /** The document's id; absent in rows of a reduce. */
  id?: string;
  key: K;
  value: V;
}

export interface Change<T> {
  id: string;
  deleted?: boolean;
  doc?: T & Stored;
}

export interface ChangesPage<T> {
  changes: Change<T>[];
  /** Where to go on. */
  sequence: string;
  /** True where more may follow after `sequence`. */
  more: boolean;
}

export type ViewQuery = {
  reduce?: boolean;
  group?: boolean;
  group_level?: number;
  startkey?: unknown;
  endkey?: unknown;
  key?: unknown;
  keys?: unknown[];
  descending?: boolean;
  include_docs?: boolean;
  limit?: number;
  skip?: number;
};

/** The few things that REST asks of one database; each call acts with the role that the scope was opened with. */
export interface DocumentStore {
  /** The winning revision, or null where there is none. */
  get<T extends object>(id: string, options?: { conflicts?: boolean }): Promise<(T & Stored) | null>;
  /** Writes a document with or without `_rev`; a revision that is not the current one gives 'conflict'. */
  insert(document: object & { _id: string }): Promise<{ revision: string } | 'conflict'>;
  /** Writes a revision whose id its content decides, as replication would (`new_edits: false`); writing it again changes nothing. */
  replicate(document: object & { _id: string; _rev: string }): Promise<void>;
  /** One leaf of a document, or null where it is not there. */
  getLeaf<T extends object>(id: string, revision: string): Promise<(T & Stored) | null>;
  /** Live documents whose ids lie between the two, both included, in order of id. */
  range<T extends object>(
    startId: string,
    endId: string,
    options?: { limit?: number; conflicts?: boolean },
  ): Promise<(T & Stored)[]>;
  fetch<T extends object>(ids: string[]): Promise<(T & Stored)[]>;
  /** The winning revisions of those documents that there are, by id. */
  revisions(ids: string[]): Promise<Map<string, string>>;
  /** The same without those that were deleted. */
  alive(ids: string[]): Promise<Map<string, string>>;
  /** What changed after a sequence, one entry a document, with its winning revision where `documents` is set. */
  changes<T extends object>(
    since: string,
    options: { limit: number; documents: boolean },
  ): Promise<ChangesPage<T>>;
  view<K, V>(name: string, query: ViewQuery): Promise<ViewRow<K, V>[]>;
  /** Runs `task` while no other caller of this process changes the document, so that few writes meet a conflict. */
  inTurn<T>(id: string, task: () => Promise<T>): Promise<T>;
  /** The database's update sequence: equal sequences mean equal contents. */
  updateSequence(): Promise<string>;
}

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromEngine(error);
  }
}

/** Undefined where the engine answered `otherwise`, which the caller expects. */
async function unless<T>(otherwise: number, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (engineStatus(error) === otherwise) return undefined;
    throw fromEngine(error);
  }
}

function docsOf<T>(rows: readonly object[]): (T & Stored)[] {
  return rows.flatMap((row) => {
    const { doc } = row as { doc?: (T & Stored) | null };
    return doc ? [doc] : [];
  });
}

/** Narrows a nano scope to a DocumentStore; what its calls throw is a SetteeError or unexpected. */
export function createDocumentStore(
  scope: EngineScope,
  {
    database,
    turns,
    onInserted,
  }: { database: string; turns: Turns; onInserted?: (id: string, revision: string) => void },
): DocumentStore {
  return {
    async get<T extends object>(id: string, options: { conflicts?: boolean } = {}) {
      const found = await unless(404, () => scope.get(id, options));
      return found === undefined ? null : (found as T & Stored);
    },
    async insert(document) {
      const answer = await unless(409, () => scope.insert(document, document._id));
      if (answer === undefined) return 'conflict';
      onInserted?.(document._id, answer.rev);
      return { revision: answer.rev };
    },
    replicate: (document) =>
      guarded(async () => {
        const body = { docs: [document], new_edits: false };
        const [failure] = (await scope.bulk(body)).filter((row) => row.error !== undefined);
        if (failure) throw refusal(failure.error ?? '', failure.reason ?? '');
      }),
    async getLeaf<T extends object>(id: string, revision: string) {
      const found = await unless(404, () => scope.get(id, { rev: revision }));
      return found === undefined || '_deleted' in found ? null : (found as T & Stored);
    },
    range: <T extends object>(startId: string, endId: string, options = {}) =>
      guarded(async () => {
        const query = { startkey: startId, endkey: endId, include_docs: true, ...options };
        return docsOf<T>((await scope.list(query)).rows);
      }),
    async fetch<T extends object>(ids: string[]) {
      if (ids.length === 0) return [];
      return guarded(async () => docsOf<T>((await scope.fetch({ keys: ids }, { conflicts: true })).rows));
    },
    async revisions(ids) {
      if (ids.length === 0) return new Map();
      const { rows } = await guarded(() => scope.fetchRevs({ keys: ids }));
      return new Map(rows.flatMap((row) => ('value' in row ? [[row.id, row.value.rev]] : [])));
    },
    async alive(ids) {
      if (ids.length === 0) return new Map();
      const { rows } = await guarded(() => scope.fetchRevs({ keys: ids }));
      return new Map(
        rows.flatMap((row) => {
          if (!('value' in row)) return [];
          const { rev, deleted } = row.value as { rev: string; deleted?: boolean };
          return deleted === true ? [] : [[row.id, rev] as const];
        }),
      );
    },
    changes: <T extends object>(since: string, { limit, documents }: { limit: number; documents: boolean }) =>
      guarded(async () => {
        const page = await scope.changes({
          since,
          limit,
          ...(documents ? { include_docs: true, conflicts: true } : {}),
        });
        return {
          changes: page.results as unknown as Change<T>[],
          sequence: sequenceText(page.last_seq),
          more: page.results.length >= limit,
        };
      }),
    view: <K, V>(name: string, query: ViewQuery) =>
      guarded(async () => {
        const answer = await scope.view<V>('settee', name, query as Record<string, never>);
        return answer.rows as unknown as ViewRow<K, V>[];
      }),
    inTurn: (id, task) => turns(`${database} ${id}`, task),
    updateSequence: () => guarded(async () => sequenceText((await scope.info()).update_seq)),
  };
}
