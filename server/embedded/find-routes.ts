import { matchesSelector } from 'pouchdb-selector-core';
import { objectBody, sendJson, type Call } from './call.ts';
import { badRequest, CouchError } from './couch-error.ts';
import type { Database } from './database.ts';
import { isObject } from './document-checks.ts';
import type { ExpressRoutes } from './express-routes.ts';
import type { StorageHandle } from './storage.ts';
import { withTimeLimit } from './time-limit.ts';
import { z } from 'zod';

const findSchema = z.object({
  selector: z.record(z.string(), z.unknown()),
  fields: z.array(z.string()).optional(),
  sort: z.array(z.union([z.string(), z.record(z.string(), z.enum(['asc', 'desc']))])).optional(),
  limit: z.number().int().min(0).default(25),
  skip: z.number().int().min(0).default(0),
  bookmark: z.string().optional(),
  use_index: z.union([z.string(), z.array(z.string()).min(1).max(2)]).optional(),
});
type FindRequest = z.infer<typeof findSchema>;

const indexSchema = z.object({
  index: z.object({
    fields: z
      .array(z.union([z.string().min(1), z.record(z.string().min(1), z.enum(['asc', 'desc']))]))
      .min(1),
    partial_filter_selector: z.record(z.string(), z.unknown()).optional(),
  }),
  name: z.string().min(1).optional(),
  ddoc: z.string().min(1).optional(),
  type: z.literal('json').optional(),
});

export interface FindRoutes {
  find: (call: Call, database: Database) => Promise<void>;
  explain: (call: Call, database: Database) => Promise<void>;
  getIndexes: (call: Call, database: Database) => Promise<void>;
  createIndex: (call: Call, database: Database) => Promise<void>;
  deleteIndex: (
    call: Call,
    database: Database,
    index: { ddoc: string; type: string; name: string },
  ) => Promise<void>;
}

function parseFind(body: unknown): FindRequest {
  const parsed = findSchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRequest(`Invalid ${issue?.path.join('.') || 'query'}: ${issue?.message ?? ''}`);
  }
  return parsed.data;
}

function findError(error: unknown): unknown {
  if (error instanceof CouchError || !(error instanceof Error)) return error;
  const reason = error.message;
  if (/no index|Cannot sort/i.test(reason)) return new CouchError(400, 'no_usable_index', reason);
  return new CouchError(400, 'bad_request', reason);
}

/** PouchDB has no bookmarks: ours holds how many documents came before. */
function skipOf({ bookmark, skip }: FindRequest): number {
  const before = /^settee-(\d{1,9})$/.exec(bookmark ?? '');
  return before ? Number(before[1]) : skip;
}

function usesPattern(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(usesPattern);
  return (
    isObject(value) && Object.entries(value).some(([key, inner]) => key === '$regex' || usesPattern(inner))
  );
}

function pick(document: Record<string, unknown>, fields: string[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.filter((field) => Object.hasOwn(document, field)).map((field) => [field, document[field]]),
  );
}

export function createFindRoutes(options: {
  express: ExpressRoutes;
  afterIndexWrite(database: Database): void;
}): FindRoutes {
  const { express } = options;

  /** A pattern may be made to run for ever, so it is matched here, against the clock. */
  async function scan(
    handle: StorageHandle,
    request: FindRequest,
    skip: number,
    milliseconds: number,
  ): Promise<object[]> {
    if (request.sort)
      throw new CouchError(400, 'no_usable_index', 'A selector with $regex cannot be sorted.');
    const { rows } = await handle.allDocs({ include_docs: true });
    const documents = rows.flatMap(({ id, doc }) =>
      doc && !id.startsWith('_design/') ? [doc as Record<string, unknown>] : [],
    );
    const found = withTimeLimit(milliseconds, () =>
      documents.filter((document) => matchesSelector(document, request.selector)),
    );
    const page = found.slice(skip, skip + request.limit);
    return request.fields ? page.map((document) => pick(document, request.fields as string[])) : page;
  }

  async function find(database: Database, request: FindRequest, milliseconds: number): Promise<object> {
    const skip = skipOf(request);
    try {
      const docs = await database.use(async (handle) => {
        if (usesPattern(request.selector)) return await scan(handle, request, skip, milliseconds);
        const { bookmark: _bookmark, ...query } = request;
        return (await handle.find({ ...query, skip } as PouchDB.Find.FindRequest<object>)).docs;
      });
      return {
        docs,
        bookmark: docs.length > 0 ? `settee-${skip + docs.length}` : (request.bookmark ?? 'nil'),
      };
    } catch (error) {
      throw findError(error);
    }
  }

  async function changeIndexes(
    database: Database,
    work: (handle: StorageHandle) => Promise<object>,
  ): Promise<object> {
    const answer = await database.write(async (handle) => {
      const changed = await work(handle).catch((error: unknown) => {
        throw findError(error);
      });
      await database.announce(handle);
      return changed;
    });
    options.afterIndexWrite(database);
    return answer;
  }

  return {
    async find(call, database) {
      const request = parseFind(await objectBody(call));
      const work = (): Promise<object> => find(database, request, call.limits.functionMilliseconds);
      await express.serve(call, { query: {}, body: {}, facade: { find: work } });
    },
    async explain(call, database) {
      const { bookmark: _bookmark, ...query } = parseFind(await objectBody(call));
      const work = (): Promise<unknown> =>
        database.use((handle) =>
          (handle as unknown as { explain(query: object): Promise<unknown> }).explain(query),
        );
      await express.serve(call, { query: {}, body: {}, facade: { explain: work } });
    },
    async getIndexes(call, database) {
      const work = (): Promise<unknown> => database.use((handle) => handle.getIndexes());
      await express.serve(call, { query: {}, body: {}, facade: { getIndexes: work } });
    },
    async createIndex(call, database) {
      const parsed = indexSchema.safeParse(await objectBody(call));
      if (!parsed.success) throw badRequest('An index needs `index.fields`, a list of names.');
      const index = parsed.data as PouchDB.Find.CreateIndexOptions;
      await express.serve(call, {
        query: {},
        body: {},
        facade: { createIndex: () => changeIndexes(database, (handle) => handle.createIndex(index)) },
      });
    },
    async deleteIndex(call, database, index) {
      // PouchDB wants the design document's whole id, CouchDB takes it with and without the prefix.
      const ddoc = index.ddoc.startsWith('_design/') ? index.ddoc : `_design/${index.ddoc}`;
      const target = { ...index, ddoc } as PouchDB.Find.DeleteIndexOptions;
      sendJson(call, 200, await changeIndexes(database, (handle) => handle.deleteIndex(target)));
    },
  };
}
