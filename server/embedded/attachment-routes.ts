import { answeredNotModified, send, type Call } from './call.ts';
import { badRequest, conflict, CouchError, notFound } from './couch-error.ts';
import type { Database } from './database.ts';
import { assertDocumentId } from './document-checks.ts';
import { readDocument } from './documents.ts';
import { revisionOf, sendWriteResult } from './document-routes.ts';
import { readBody } from './request-guard.ts';
import type { RevisionWrites } from './revision-writes.ts';
import type { StoredAttachment, StoredDocument } from './storage.ts';

/** Reads, writes and removes single attachments; a write is a write of its document, checked like any other. */
export interface AttachmentRoutes {
  serve(call: Call, database: Database, id: string, name: string): Promise<void>;
}

/** The bytes of `bytes=from-to` within a length, null where the header asks for something else. */
function rangeOf(header: string | undefined, length: number): { from: number; to: number } | null {
  const range = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (!range || (range[1] === '' && range[2] === '')) return null;
  const from = range[1] === '' ? Math.max(0, length - Number(range[2])) : Number(range[1]);
  const to = range[1] === '' || range[2] === '' ? length - 1 : Math.min(Number(range[2]), length - 1);
  if (from > to)
    throw new CouchError(416, 'requested_range_not_satisfiable', 'Requested range not satisfiable');
  return { from, to };
}

export function createAttachmentRoutes(options: { writes: RevisionWrites }): AttachmentRoutes {
  async function current(database: Database, id: string, rev?: string): Promise<StoredDocument | null> {
    return await database
      .use((handle) => readDocument(handle, id, rev === undefined ? {} : { rev }))
      .catch(() => null);
  }

  async function read(call: Call, database: Database, id: string, name: string): Promise<void> {
    const rev = revisionOf(call);
    const { attachment, bytes } = await database.use(async (handle) => {
      const document = await readDocument(handle, id, rev === undefined ? {} : { rev });
      const found =
        document._attachments && Object.hasOwn(document._attachments, name)
          ? document._attachments[name]
          : null;
      if (!found) throw notFound('Document is missing attachment');
      return {
        attachment: found,
        bytes: (await handle.getAttachment(id, name, { rev: document._rev })) as Buffer,
      };
    });
    sendBytes(call, attachment, bytes);
  }

  async function write(call: Call, database: Database, id: string, name: string): Promise<void> {
    const bytes = call.method === 'PUT' ? await readBody(call.request, call.limits.attachmentBytes) : null;
    const rev = revisionOf(call);
    const document = await current(database, id, rev);
    if (!document && rev !== undefined) throw conflict();
    if (document && rev === undefined) throw conflict();
    const attachments: Record<string, unknown> = { ...document?._attachments };
    if (bytes) {
      const type = call.request.headers['content-type'] ?? 'application/octet-stream';
      attachments[name] = { content_type: type, data: bytes.toString('base64') };
    } else {
      if (!Object.hasOwn(attachments, name)) throw notFound('Document is missing attachment');
      delete attachments[name];
    }
    const { _attachments: _before, ...fields } = document ?? { _id: id };
    const changed = {
      ...fields,
      ...(Object.keys(attachments).length > 0 ? { _attachments: attachments } : {}),
    };
    const [written] = await options.writes.write(database, [changed], { user: call.user, newEdits: true });
    sendWriteResult(call, written, bytes ? 201 : 200);
  }

  return {
    async serve(call, database, id, name) {
      assertDocumentId(id);
      if (name === '' || name.startsWith('_')) throw badRequest('This is no attachment name.');
      if (call.method === 'GET' || call.method === 'HEAD') return await read(call, database, id, name);
      if (call.method === 'PUT' || call.method === 'DELETE') return await write(call, database, id, name);
      throw new CouchError(405, 'method_not_allowed', 'Only DELETE,GET,HEAD,PUT allowed');
    },
  };
}

function sendBytes(call: Call, attachment: StoredAttachment, bytes: Buffer): void {
  const etag = `"${attachment.digest.replace(/^md5-/, '')}"`;
  if (answeredNotModified(call, etag)) return;
  const range = rangeOf(call.request.headers.range, bytes.length);
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'content-type': /^[\x20-\x7e]+$/.test(attachment.content_type ?? '')
      ? (attachment.content_type as string)
      : 'application/octet-stream',
    // What users upload must not run scripts with an administrator's session.
    'content-security-policy': 'sandbox',
    'x-content-type-options': 'nosniff',
  };
  if (!range) return send(call, 200, new Uint8Array(bytes), headers);
  const part = new Uint8Array(bytes.subarray(range.from, range.to + 1));
  send(call, 206, part, { ...headers, 'content-range': `bytes ${range.from}-${range.to}/${bytes.length}` });
}
