import { jsonBody, objectBody, sendJson, type Call } from './call.ts';
import { asCouchError, badRequest, CouchError } from './couch-error.ts';
import type { Database } from './database.ts';
import { leafRevisions, readDocument } from './documents.ts';
import { isObject, parseRevision } from './document-checks.ts';
import { readOptionsOf } from './document-routes.ts';
import type { RevisionWrites } from './revision-writes.ts';
import type { StorageHandle } from './storage.ts';

export interface BulkRoutes {
  bulkDocs: (call: Call, database: Database) => Promise<void>;
  bulkGet: (call: Call, database: Database) => Promise<void>;
}

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
      const results = await database.use((handle) =>
        Promise.all(docs.map((wanted) => bulkGetOne(handle, wanted, readOptions))),
      );
      sendJson(call, 200, { results });
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
