import { z } from 'zod';
import { OversizeError, readJson } from './bounded-json.ts';
import type { EngineHttp, EngineRequest } from './engine-http.ts';
import { pause } from './retry.ts';

/** One leaf revision as CouchDB writes it: with `_rev`, `_revisions`, `_deleted` and attachments inline. */
export const leafDocumentSchema = z.looseObject({
  _id: z.string(),
  _rev: z.string(),
  _revisions: z.object({ start: z.number().int(), ids: z.array(z.string()) }),
  _deleted: z.boolean().optional(),
  _attachments: z.record(z.string(), z.looseObject({ data: z.string() })).optional(),
});
export type LeafDocument = z.infer<typeof leafDocumentSchema>;

/** The engine refused to give what it holds. */
export class UnreadableDatabaseError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableDatabaseError';
  }
}

/** Bytes of one page of documents; a single document may be longer. */
const pageBytes = 16 * 1024 * 1024;
const rowsInPage = 200;
/** V8 has no longer strings: a document with more in attachments cannot be held anyway. */
const documentBytes = 512 * 1024 * 1024;

interface LeafName {
  id: string;
  rev: string;
}

const changesSchema = z.object({
  results: z.array(z.object({ id: z.string(), changes: z.array(z.object({ rev: z.string() })) })),
  last_seq: z.union([z.string(), z.number()]),
});

const bulkGetSchema = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      docs: z.array(z.union([z.object({ ok: z.unknown() }), z.object({ error: z.unknown() })])),
    }),
  ),
});

const stubbedSchema = z.looseObject({
  _id: z.string(),
  _rev: z.string(),
  _attachments: z.unknown().optional(),
});

export interface LeavesOptions {
  http: EngineHttp;
  /** The whole name, prefix included. */
  database: string;
  signal: AbortSignal;
  /** Only documents for which it answers true; design documents never come. */
  wants?(id: string): boolean;
  /** A leaf that the engine names and does not give, and that nothing has replaced. */
  onUnreadable(leaf: LeafName): void;
}

/**
 * Every leaf of every document, with its ancestry and its attachments inline: winning, conflicting and deleted.
 * Documents written meanwhile come again, so the last word on each is in the result. Holds one page at a time.
 */
export async function* readLeaves(options: LeavesOptions): AsyncGenerator<LeafDocument> {
  const unread = new Map<string, LeafName>();
  let since: string | number = 0;
  let idlePages = 0;
  for (;;) {
    options.signal.throwIfAborted();
    const page: z.infer<typeof changesSchema> = await readChanges(options, since);
    const names = page.results
      .filter(({ id }) => !id.startsWith('_design/') && (options.wants?.(id) ?? true))
      .flatMap(({ id, changes }) => changes.map(({ rev }) => ({ id, rev })));
    for (const { id } of names) unread.delete(id);
    for await (const { name, doc } of readPage(options, names)) {
      // Replaced and compacted since the feed named it: the feed names its successor further on.
      if (doc === null) unread.set(name.id, name);
      else yield doc;
    }
    since = page.last_seq;
    if (page.results.length === rowsInPage) continue;
    if (unread.size === 0) return;
    if (++idlePages > 5) break;
    await pause(200, options.signal);
  }
  for (const name of unread.values()) options.onUnreadable(name);
}

async function send(options: LeavesOptions, path: string, request: EngineRequest = {}): Promise<Response> {
  const { http, database, signal } = options;
  const response = await http.open(`/${encodeURIComponent(database)}${path}`, { ...request, signal });
  if (response.ok) return response;
  const reason = (await response.text()).slice(0, 200);
  throw new UnreadableDatabaseError(
    `${database} cannot be read: the engine answered ${response.status} ${reason}`,
  );
}

async function readChanges(
  options: LeavesOptions,
  since: string | number,
): Promise<z.infer<typeof changesSchema>> {
  const query = `style=all_docs&limit=${rowsInPage}&since=${encodeURIComponent(String(since))}`;
  return changesSchema.parse(await readJson(await send(options, `/_changes?${query}`), documentBytes));
}

interface ReadLeaf {
  name: LeafName;
  doc: LeafDocument | null;
}

/** Splits a page whose documents are together too large, down to single documents. */
async function* readPage(options: LeavesOptions, names: LeafName[]): AsyncGenerator<ReadLeaf> {
  if (names.length === 0) return;
  let found: Map<string, unknown>;
  try {
    found = await bulkGet(options, names, names.length === 1 ? documentBytes : pageBytes);
  } catch (error) {
    if (!(error instanceof OversizeError) || names.length === 1) throw error;
    const half = Math.ceil(names.length / 2);
    yield* readPage(options, names.slice(0, half));
    yield* readPage(options, names.slice(half));
    return;
  }
  for (const name of names)
    yield { name, doc: await complete(options, name, found.get(`${name.rev} ${name.id}`)) };
}

async function bulkGet(
  options: LeavesOptions,
  names: LeafName[],
  limit: number,
): Promise<Map<string, unknown>> {
  const response = await send(options, '/_bulk_get?revs=true', { method: 'POST', body: { docs: names } });
  const { results } = bulkGetSchema.parse(await readJson(response, limit));
  const found = new Map<string, unknown>();
  for (const { docs } of results) {
    for (const entry of docs) {
      if (!('ok' in entry)) continue;
      const { _id, _rev } = stubbedSchema.parse(entry.ok);
      found.set(`${_rev} ${_id}`, entry.ok);
    }
  }
  return found;
}

/** Puts the attachments' content into a document that has only their stubs. */
async function complete(
  options: LeavesOptions,
  name: LeafName,
  found: unknown,
): Promise<LeafDocument | null> {
  if (found === undefined) return null;
  if (stubbedSchema.parse(found)._attachments === undefined) return leafDocumentSchema.parse(found);
  const query = `rev=${name.rev}&revs=true&attachments=true`;
  const { http, database, signal } = options;
  const path = `/${encodeURIComponent(database)}/${encodeURIComponent(name.id)}?${query}`;
  const response = await http.open(path, { signal });
  if (response.status === 404) return null;
  return withoutStubFields(leafDocumentSchema.parse(await readJson(response, documentBytes)));
}

/** `length` and `stub` describe how an answer was written, not the attachment. */
function withoutStubFields(doc: LeafDocument): LeafDocument {
  const attachments = Object.entries(doc._attachments ?? {}).map(
    ([name, { length: _length, stub: _stub, ...attachment }]) => [name, attachment] as const,
  );
  return { ...doc, _attachments: Object.fromEntries(attachments) };
}
