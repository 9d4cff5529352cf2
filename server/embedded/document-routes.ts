import { answeredNotModified, jsonBody, objectBody, sendJson, type Call } from './call.ts';
import { badRequest, conflict, CouchError, notFound } from './couch-error.ts';
import type { Database } from './database.ts';
import { leafRevisions, readDocument, type ReadOptions } from './documents.ts';
import { assertDocumentId, isObject, parseRevision } from './document-checks.ts';
import { booleanOption, jsonOption } from './query-options.ts';
import type { RevisionWrites } from './revision-writes.ts';
import type { WriteResult } from './write-result.ts';

/** What a single write answers: 201 with the new revision, or the refusal's own status. */
export function sendWriteResult(call: Call, written: WriteResult | undefined, status = 201): void {
  if (!written) throw badRequest('nothing was written');
  if ('refused' in written) throw written.refused;
  const location = `/${[call.parts[0] as string, ...written.id.split('/')].map(encodeURIComponent).join('/')}`;
  sendJson(
    call,
    status,
    { ok: true, id: written.id, rev: written.rev },
    { etag: `"${written.rev}"`, location },
  );
}

/** The revision a request names: `?rev=` or If-Match; the body's `_rev` must agree with it. */
export function revisionOf(call: Call, inBody?: unknown): string | undefined {
  const header = call.request.headers['if-match']?.replace(/^(?:W\/)?"(.*)"$/, '$1');
  const named = call.query.get('rev') ?? header;
  if (named !== undefined) parseRevision(named);
  if (named !== undefined && inBody !== undefined && inBody !== named) {
    throw badRequest('Document rev from request body and query string have different values');
  }
  return named ?? (inBody as string | undefined);
}

export function readOptionsOf(call: Call): ReadOptions {
  const { query } = call;
  const rev = query.get('rev');
  if (rev !== undefined) parseRevision(rev);
  const meta = booleanOption(query, 'meta') ?? false;
  return {
    ...(rev === undefined ? {} : { rev }),
    latest: booleanOption(query, 'latest') ?? false,
    revs: booleanOption(query, 'revs') ?? false,
    revsInfo: booleanOption(query, 'revs_info') ?? meta,
    conflicts: booleanOption(query, 'conflicts') ?? meta,
    deletedConflicts: booleanOption(query, 'deleted_conflicts') ?? meta,
    attachments: booleanOption(query, 'attachments') ?? false,
  };
}

export interface DocumentRoutes {
  get(call: Call, database: Database, id: string): Promise<void>;
  put(call: Call, database: Database, id: string): Promise<void>;
  post(call: Call, database: Database): Promise<void>;
  remove(call: Call, database: Database, id: string): Promise<void>;
  copy(call: Call, database: Database, id: string): Promise<void>;
}

async function openRevisions(call: Call, database: Database, id: string): Promise<unknown[]> {
  const asked = call.query.get('open_revs') === 'all' ? 'all' : jsonOption(call.query, 'open_revs');
  if (asked !== 'all' && !Array.isArray(asked))
    throw badRequest('open_revs must be all or a list of revisions');
  if (Array.isArray(asked)) for (const rev of asked) parseRevision(rev);
  const options = { ...readOptionsOf(call), conflicts: false, deletedConflicts: false, revsInfo: false };
  return await database.use(async (handle) => {
    const revisions = asked === 'all' ? await leafRevisions(handle, id) : (asked as string[]);
    const found = new Map<string, unknown>();
    for (const rev of revisions) {
      const document = await readDocument(handle, id, { ...options, rev }).catch(() => null);
      found.set(document?._rev ?? rev, document ? { ok: document } : { missing: rev });
    }
    return [...found.values()];
  });
}

export function createDocumentRoutes(options: { writes: RevisionWrites }): DocumentRoutes {
  const { writes } = options;

  async function writeOne(
    call: Call,
    database: Database,
    document: unknown,
    newEdits = true,
  ): Promise<WriteResult | undefined> {
    const [written] = await writes.write(database, [document], { user: call.user, newEdits });
    return written;
  }

  return {
    async get(call, database, id) {
      assertDocumentId(id);
      if (call.query.has('open_revs')) return sendJson(call, 200, await openRevisions(call, database, id));
      const document = await database.use((handle) => readDocument(handle, id, readOptionsOf(call)));
      const etag = `"${document._rev}"`;
      if (call.query.size === 0 && answeredNotModified(call, etag)) return;
      sendJson(call, 200, document, { etag });
    },
    async put(call, database, id) {
      const { value } = await jsonBody(call);
      if (!isObject(value)) throw badRequest('Document must be a JSON object');
      if (value._id !== undefined && value._id !== id) throw badRequest('Document ID must match the address');
      const newEdits = booleanOption(call.query, 'new_edits') ?? true;
      const rev = revisionOf(call, value._rev);
      const document = { ...value, _id: id, ...(rev === undefined ? {} : { _rev: rev }) };
      sendWriteResult(call, await writeOne(call, database, document, newEdits));
    },
    async post(call, database) {
      sendWriteResult(call, await writeOne(call, database, await objectBody(call)));
    },
    async remove(call, database, id) {
      const rev = revisionOf(call);
      const exists = await database.use((handle) =>
        readDocument(handle, id).then(
          () => true,
          () => false,
        ),
      );
      if (rev === undefined) throw exists ? conflict() : notFound();
      sendWriteResult(call, await writeOne(call, database, { _id: id, _rev: rev, _deleted: true }), 200);
    },
    async copy(call, database, id) {
      const destination = String(call.request.headers.destination ?? '');
      const [to = '', search = ''] = destination.split('?');
      if (to === '' || /^https?:/i.test(to)) throw badRequest('Destination header must name a document.');
      const { _attachments: attachments, ...source } = await database.use((handle) =>
        readDocument(handle, id, { ...readOptionsOf(call), attachments: true }),
      );
      const rev = new URLSearchParams(search).get('rev') ?? undefined;
      const target = decodeDestination(to);
      const copied = {
        ...source,
        _id: target,
        _rev: rev,
        ...(attachments ? { _attachments: attachments } : {}),
      };
      sendWriteResult(call, await writeOne(call, database, copied));
    },
  };
}

function decodeDestination(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new CouchError(400, 'bad_request', 'Destination is not valid UTF-8.');
  }
}
