import { badRequest, CouchError, forbidden, tooLarge } from './couch-error.ts';
import type { Limits } from './limits.ts';

/** A document as it came in, known to be a JSON object. */
export type IncomingDocument = Record<string, unknown>;

/** The special members of a document (couch_doc.erl); the engine makes those that are only read. */
const writable = new Set(['_id', '_rev', '_deleted', '_attachments', '_revisions']);
const ignored = new Set(['_revs_info', '_conflicts', '_deleted_conflicts', '_local_seq']);

/** Generation 0 is that of local documents. */
const revisionPattern = /^(0|[1-9]\d{0,14})-([^\s-]{1,128})$/;
const base64Pattern = /^[A-Za-z0-9+/]*={0,2}$/;

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

const docValidation = (reason: string): CouchError => new CouchError(400, 'doc_validation', reason);

/** Reads `12-abc`; throws CouchDB's 400 for anything else. */
export function parseRevision(value: unknown): { generation: number; hash: string } {
  const parts = typeof value === 'string' ? revisionPattern.exec(value) : null;
  if (!parts) throw badRequest('Invalid rev format');
  return { generation: Number(parts[1]), hash: parts[2] as string };
}

/** Local documents in which the engine and PouchDB keep their own affairs: settings, names of view indexes. */
const reservedLocalIds = new Set(
  ['_security', '_pouch_dependentDbs', 'mrviews', 'indexes', 'compaction', 'purges', 'lastSeq'].map(
    (id) => `_local/${id}`,
  ),
);

export function isReservedLocalId(id: string): boolean {
  return reservedLocalIds.has(id);
}

/** The id of a document that a client may address: not empty, `_design/…` and `_local/…` the only ones with `_`. */
export function assertDocumentId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new CouchError(400, 'illegal_docid', 'Document id must be a string');
  if (id === '') throw new CouchError(400, 'illegal_docid', 'Document id must not be empty');
  if (id.length > 4096 || id.includes('\u0000'))
    throw new CouchError(400, 'illegal_docid', 'Document id is too long');
  if (!id.startsWith('_') || /^_(?:design|local)\/./s.test(id)) return;
  throw new CouchError(400, 'illegal_docid', 'Only reserved document ids may start with underscore.');
}

function checkRevisions(revisions: unknown, newestFirst: number): { start: number; ids: string[] } {
  if (!isObject(revisions)) throw docValidation('_revisions must be an object');
  const { start, ids } = revisions;
  if (!Number.isSafeInteger(start) || (start as number) < 1)
    throw docValidation('_revisions.start is not a number');
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > (start as number)) {
    throw docValidation('_revisions.ids is not a list of its length');
  }
  const kept = ids.slice(0, newestFirst);
  for (const id of kept) parseRevision(`1-${String(id)}`);
  if (!kept.every((id) => typeof id === 'string')) throw docValidation('RevId is not a string');
  return { start: start as number, ids: kept };
}

function checkAttachment(name: string, value: unknown, limits: Limits): Record<string, unknown> {
  if (name === '' || name.startsWith('_') || name === '__proto__') {
    throw badRequest(`Attachment name '${name.slice(0, 100)}' is not allowed`);
  }
  if (!isObject(value)) throw badRequest('Attachments must be objects');
  const { data, stub, content_type: type = 'application/octet-stream' } = value;
  if (typeof type !== 'string' || type.length > 1000) throw badRequest('content_type must be a string');
  if (stub === true) return { stub: true, content_type: type };
  if (typeof data !== 'string') throw badRequest('Attachment data must be base64');
  const packed = data.replace(/\s/g, '');
  if (packed.length % 4 !== 0 || !base64Pattern.test(packed))
    throw badRequest('Attachment data is not base64');
  if (packed.length * 0.75 > limits.attachmentBytes) throw new CouchError(413, 'attachment_too_large', name);
  return { data: packed, content_type: type };
}

function checkAttachments(value: unknown, limits: Limits): Record<string, unknown> {
  if (!isObject(value)) throw docValidation('_attachments must be an object');
  return Object.fromEntries(
    Object.entries(value).map(([name, attachment]) => [name, checkAttachment(name, attachment, limits)]),
  );
}

function checkSpecialMembers(document: IncomingDocument): void {
  for (const key of Object.keys(document)) {
    if (key.startsWith('_') && !writable.has(key) && !ignored.has(key)) {
      throw docValidation(`Bad special document member: ${key.slice(0, 100)}`);
    }
  }
}

export interface DocumentRules {
  newEdits: boolean;
  limits: Limits;
  /** How many ids of `_revisions` are worth keeping. */
  revsLimit: number;
  /** False where the whole request is smaller than one document may be. */
  measure: boolean;
}

/** Checks the shape of one document and returns a copy that storage may change; throws CouchError. */
export function checkDocument(value: unknown, rules: DocumentRules): IncomingDocument & { _id: string } {
  if (!isObject(value)) throw badRequest('Document must be a JSON object');
  const id = value._id ?? crypto.randomUUID().replaceAll('-', '');
  assertDocumentId(id);
  if (isReservedLocalId(id)) throw forbidden('This document belongs to the database.');
  checkSpecialMembers(value);
  const document: IncomingDocument & { _id: string } = { ...value, _id: id };
  for (const key of ignored) delete document[key];
  if (value._deleted !== undefined && typeof value._deleted !== 'boolean')
    throw docValidation('_deleted must be a boolean');
  if (value._deleted === false) delete document._deleted;
  if (id.startsWith('_local/')) {
    if (document._rev !== undefined) parseRevision(document._rev);
    assertSize(document, rules);
    return document;
  }
  checkRevisionFields(document, rules);
  if (value._attachments !== undefined)
    document._attachments = checkAttachments(value._attachments, rules.limits);
  assertSize(document, rules);
  return document;
}

function assertSize(document: IncomingDocument & { _id: string }, rules: DocumentRules): void {
  if (rules.measure && documentBytes(document) > rules.limits.documentBytes) throw tooLarge(document._id);
}

function checkRevisionFields(document: IncomingDocument, rules: DocumentRules): void {
  if (document._rev === undefined || document._rev === null || document._rev === '') delete document._rev;
  const rev = document._rev === undefined ? null : parseRevision(document._rev);
  if (rev?.generation === 0) throw badRequest('Invalid rev format');
  if (rules.newEdits) {
    delete document._revisions;
    return;
  }
  if (document._revisions !== undefined) {
    const revisions = checkRevisions(document._revisions, rules.revsLimit);
    const own = `${revisions.start}-${revisions.ids[0] as string}`;
    if (rev && document._rev !== own) throw badRequest('_rev is not the newest of _revisions');
    document._rev = own;
    document._revisions = revisions;
  } else if (!rev) {
    throw badRequest('When `new_edits: false`, the document needs a _rev');
  }
}

/** The size that the limit means: the document's JSON without the data of its attachments. */
export function documentBytes(document: IncomingDocument): number {
  const { _attachments: _data, ...fields } = document;
  return Buffer.byteLength(JSON.stringify(fields));
}
