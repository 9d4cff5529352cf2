import { createDeletionReader, type Deletion } from './deletion-reader.ts';
import { DocumentBytes, type DocumentLimits } from './document-bytes.ts';
import { badRequest, forbidden, requestTooLarge } from './replication-error.ts';
import { JsonByteReader, JsonSyntaxError, type JsonKind, type JsonListener } from './json-byte-reader.ts';

/** What is known of a document in a `_bulk_docs` body when it has been read: strings as written, or undefined. */
export interface BulkDocument {
  id?: string;
  rev?: string;
  /** Its bytes, attachments apart, or its attachments' are more than the limits allow. */
  tooLarge: boolean;
  tooDeep: boolean;
  /** With its attachments. */
  bytes: number;
  /** It brings its ancestry, as replication does. */
  isReplicated: boolean;
  deletion: Deletion;
}

/** A document that the proxy answers for by itself. */
export interface RefusedDocument {
  /** Its place in the request's `docs`, from 0. */
  index: number;
  id?: string;
  rev?: string;
  reason: string;
}

export interface BulkDocsLimits extends DocumentLimits {
  documents: number;
  depth: number;
}

export interface BulkDocsReaderOptions {
  limits: BulkDocsLimits;
  /** Takes the checked body for the engine, piece by piece; a document comes whole, after it was judged. */
  emit(piece: Uint8Array): void;
  /** A reason to leave the document out and answer `forbidden` in its place, or null. */
  refuse(document: BulkDocument): string | null;
}

const captureBytes = 8192;
/** Beyond this the whole request is refused: what is open must be remembered. */
const deepestRequest = 10_000;
const utf8 = new TextEncoder();
const opening = utf8.encode('{"docs":[');
const comma = utf8.encode(',');
const documentDepth = 2;
const fieldDepth = 3;

/**
 * Reads a `_bulk_docs` body as it streams and writes the engine's body anew: `docs` without the refused ones,
 * then `new_edits`, and nothing else. Holds one document at a time. Throws ReplicationError for a body that
 * is malformed, and for `_local/` ids, which `_bulk_docs` would store for anybody: as the last byte has not
 * been emitted then, the engine stores nothing.
 */
export class BulkDocsReader implements JsonListener {
  readonly refused: RefusedDocument[] = [];
  /** Documents handed on to the engine. */
  accepted = 0;
  newEdits = true;

  readonly #options: BulkDocsReaderOptions;
  readonly #json: JsonByteReader;
  readonly #bytes: DocumentBytes;
  #seen = new Set<string>();
  #topKey: string | null = null;
  #fieldKey: string | null = null;
  #inDocs = false;
  #document: BulkDocument | null = null;
  #count = 0;
  #deletion = createDeletionReader();

  constructor(options: BulkDocsReaderOptions) {
    this.#options = options;
    this.#bytes = new DocumentBytes(options.limits);
    this.#json = new JsonByteReader(this, {
      maxDepth: deepestRequest,
      reportDepth: fieldDepth,
      captureBytes,
    });
  }

  write(chunk: Uint8Array): void {
    this.#bytes.startChunk(chunk);
    this.#guard(() => this.#json.write(chunk));
    this.#bytes.endChunk();
  }

  /** To be called after the last byte; emits the body's end where anything was emitted. */
  end(): void {
    this.#guard(() => this.#json.end());
    if (!this.#seen.has('docs')) throw badRequest('POST body must include `docs` parameter.');
    if (this.accepted > 0) this.#options.emit(utf8.encode(`],"new_edits":${String(this.newEdits)}}`));
  }

  valueStart(kind: JsonKind, depth: number, offset: number): boolean {
    if (depth === 0 && kind !== 'object') throw badRequest('Request body must be a JSON object');
    if (depth === 1 && this.#topKey === 'docs') {
      if (kind !== 'array') throw badRequest('`docs` parameter must be an array.');
      this.#inDocs = true;
    }
    if (depth === 1 && this.#topKey === 'new_edits' && kind !== 'literal') {
      throw badRequest('`new_edits` parameter must be a boolean.');
    }
    if (!this.#inDocs) return false;
    if (depth === documentDepth) this.#startDocument(kind, offset);
    if (depth !== fieldDepth) return false;
    if (this.#fieldKey === '_attachments') this.#bytes.startAttachments(offset);
    return this.#fieldKey === '_id' || this.#fieldKey === '_rev';
  }

  valueEnd(depth: number, endOffset: number, text: string | null): void {
    if (depth === 1) return this.#endTopValue(text);
    if (!this.#inDocs || this.#document === null) return;
    if (depth === fieldDepth) this.#endField(this.#document, endOffset, text);
    if (depth === documentDepth) this.#endDocument(this.#document, endOffset);
  }

  key(depth: number, text: string | null): void {
    const key = text === null || text.length > 128 ? null : unquote(text);
    if (depth === 1) {
      this.#topKey = key;
      if (key !== 'docs' && key !== 'new_edits') return;
      if (this.#seen.has(key)) throw badRequest(`\`${key}\` is given twice.`);
      this.#seen.add(key);
    } else if (depth === fieldDepth && this.#inDocs) this.#fieldKey = key;
  }

  #guard(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (error instanceof JsonSyntaxError) throw badRequest(error.message);
      throw error;
    }
  }

  #endTopValue(text: string | null): void {
    if (this.#topKey === 'new_edits') {
      if (text !== 'true' && text !== 'false') throw badRequest('`new_edits` parameter must be a boolean.');
      this.newEdits = text === 'true';
    }
    this.#inDocs = false;
    this.#topKey = null;
  }

  #startDocument(kind: JsonKind, offset: number): void {
    if (kind !== 'object') throw badRequest('Document must be a JSON object');
    this.#count += 1;
    if (this.#count > this.#options.limits.documents) {
      throw requestTooLarge(`At most ${this.#options.limits.documents} documents in one request.`);
    }
    this.#deletion = createDeletionReader();
    this.#document = { tooLarge: false, tooDeep: false, bytes: 0, isReplicated: false, deletion: 'none' };
    this.#json.deepest = 0;
    this.#fieldKey = null;
    this.#bytes.start(offset);
  }

  #endField(document: BulkDocument, endOffset: number, text: string | null): void {
    if (this.#fieldKey === '_attachments') this.#bytes.endAttachments(endOffset);
    else if (this.#fieldKey === '_id') this.#takeId(document, text);
    else if (this.#fieldKey === '_rev' && text?.startsWith('"')) document.rev = unquote(text);
    else if (this.#fieldKey === '_revisions') document.isReplicated = true;
    else this.#deletion.see(this.#fieldKey, text);
    this.#fieldKey = null;
  }

  #takeId(document: BulkDocument, text: string | null): void {
    if (document.id !== undefined) throw badRequest('A document has two ids.');
    if (text === null || !text.startsWith('"'))
      throw badRequest('Document id must be a string of moderate length');
    document.id = unquote(text);
    if (document.id.startsWith('_local/')) throw forbidden('Local documents are not written by _bulk_docs.');
  }

  #endDocument(document: BulkDocument, endOffset: number): void {
    document.bytes = this.#bytes.end(endOffset);
    document.tooLarge = this.#bytes.tooLarge;
    document.deletion = this.#deletion.found();
    document.tooDeep = this.#json.deepest > this.#options.limits.depth;
    const reason = this.#options.refuse(document);
    const pieces = this.#bytes.takePieces();
    if (reason === null) {
      this.#options.emit(this.accepted === 0 ? opening : comma);
      for (const piece of pieces) this.#options.emit(piece);
      this.accepted += 1;
    } else this.refused.push(refusal(this.#count - 1, document, reason));
    this.#document = null;
  }
}

/** A JSON string's text. */
function unquote(json: string): string {
  return json.includes('\\') ? String(JSON.parse(json)) : json.slice(1, -1);
}

function refusal(index: number, document: BulkDocument, reason: string): RefusedDocument {
  return {
    index,
    reason,
    ...(document.id === undefined ? {} : { id: document.id }),
    ...(document.rev === undefined ? {} : { rev: document.rev }),
  };
}
