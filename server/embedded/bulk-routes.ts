import { jsonBody, objectBody, sendJson, sendJsonParts, type Call } from './call.ts';
import { asCouchError, badRequest, CouchError } from './couch-error.ts';
import type { Database } from './database.ts';
import { leafRevisions, readDocument, type ReadOptions } from './documents.ts';
import { isObject, parseRevision } from './document-checks.ts';
import { readOptionsOf } from './document-routes.ts';
import { readRawLeaves } from './raw-leaves.ts';
import type { RevisionWrites } from './revision-writes.ts';
import type { StorageHandle } from './storage.ts';

export interface BulkRoutes {
  bulkDocs: (call: Call, database: Database) => Promise<void>;
  bulkGet: (call: Call, database: Database) => Promise<void>;
}

/** Bytes from which on a body is sent by itself. */
const longBody = 4096;

type BulkGetAnswer = { ok: unknown } | { error: { id: string; rev: string; error: string; reason: string } };

export function createBulkRoutes(options: { writes: RevisionWrites }): BulkRoutes {
  return {
    async bulkDocs(call, database) {
      const { value, bytes } = await jsonBody(call);
      if (!isObject(value)) throw badRequest('Request body must be a JSON object');
      const { docs, new_edits: newEdits = true } = value;
      if (!Array.isArray(docs)) throw badRequest('POST body must include `docs` parameter.');
      if (typeof newEdits !== 'boolean') throw badRequest('`new_edits` must be a boolean');
      if (!docs.every(isObject)) throw badRequest('Document must be a JSON object');
      const measure = bytes > call.limits.documentBytes;
      const written = await options.writes.write(database, docs, { user: call.user, newEdits, measure });
      const answers = written
        .filter((each) => newEdits || 'refused' in each)
        .map((each) => {
          if (!('refused' in each)) return each;
          const { id, rev, refused } = each;
          return {
            id,
            ...(rev === undefined || newEdits ? {} : { rev }),
            ...(newEdits ? { error: refused.error, reason: refused.reason } : denial(refused)),
          };
        });
      sendJson(call, 201, answers);
    },
    async bulkGet(call, database) {
      const { docs } = await objectBody(call);
      if (!Array.isArray(docs) || !docs.every(isObject)) throw badRequest('Missing JSON list of `docs`.');
      const readOptions = readOptionsOf(call);
      sendJsonParts(call, await database.use((handle) => bulkGetAll(handle, docs, readOptions)));
    },
  };
}

/**
 * A refusal as replication understands it: PouchDB reports a `forbidden` document and goes on, and gives up the
 * whole replication at any other error. Failures of our own stay what they are, so that it tries again.
 */
function denial(refused: CouchError): { error: string; reason: string } {
  const { status, error, reason } = refused;
  if (status >= 500 || error === 'forbidden' || error === 'unauthorized') return { error, reason };
  return { error: 'forbidden', reason: `${error}: ${reason}` };
}

/** The answer in parts; a long body is passed on as it is stored. */
async function bulkGetAll(
  handle: StorageHandle,
  docs: Record<string, unknown>[],
  options: ReadOptions,
): Promise<(string | Buffer)[]> {
  const named = docs.filter(isNamedRevision);
  const raw = handle.stored === null ? [] : await readRawLeaves(handle.stored, named, options);
  const found = new Map(named.map((wanted, index) => [wanted as object, raw[index] ?? null]));
  const results = await Promise.all(
    docs.map(async (wanted) => found.get(wanted) ?? (await bulkGetOne(handle, wanted, options))),
  );
  const parts: (string | Buffer)[] = [];
  let text = '{"results":[';
  for (const [index, each] of results.entries()) {
    if (index > 0) text += ',';
    if (!('suffix' in each)) {
      text += JSON.stringify(each);
      continue;
    }
    text += `{"id":${JSON.stringify(docs[index]?.id)},"docs":[{"ok":`;
    if (each.body.length < longBody) text += each.body.toString('utf8');
    else {
      parts.push(text, each.body);
      text = '';
    }
    text += `${each.suffix}}]}`;
  }
  return [...parts, `${text}]}\n`];
}

function isNamedRevision(wanted: Record<string, unknown>): wanted is { id: string; rev: string } {
  const { id, rev } = wanted;
  return typeof id === 'string' && !id.startsWith('_') && typeof rev === 'string';
}

async function bulkGetOne(
  handle: StorageHandle,
  wanted: Record<string, unknown>,
  options: object,
): Promise<{ id: unknown; docs: BulkGetAnswer[] }> {
  const { id, rev } = wanted;
  const failed = (error: CouchError): BulkGetAnswer => ({
    error: {
      id: typeof id === 'string' ? id : '',
      rev: typeof rev === 'string' ? rev : 'undefined',
      error: error.error,
      reason: error.reason,
    },
  });
  if (typeof id !== 'string') return { id: null, docs: [failed(badRequest('Missing document id'))] };
  try {
    if (rev !== undefined) parseRevision(rev);
    // Without a revision CouchDB gives every leaf.
    const revisions =
      rev === undefined && !id.startsWith('_local/') ? await leafRevisions(handle, id) : [rev as string];
    const documents = await Promise.all(
      revisions.map((each) =>
        readDocument(handle, id, { ...options, ...(each === undefined ? {} : { rev: each }) }),
      ),
    );
    return { id, docs: documents.map((ok) => ({ ok })) };
  } catch (error) {
    const known = asCouchError(error);
    if (!known) throw error;
    return { id, docs: [failed(known)] };
  }
}
