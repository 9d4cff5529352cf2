import { JsonByteReader, type JsonKind, type JsonListener } from '../json-byte-reader.ts';
import { engineUnavailable } from '../replication-error.ts';

/** What a `_bulk_get` answer holds, in its order. */
export interface OkDocumentsListener {
  documentStart(): void;
  /** Bytes of the open document, as they stand in the answer. */
  piece(bytes: Uint8Array): void;
  documentEnd(): void;
}

/** `{results: [{id, docs: [{ok: …} or {error: …}]}]}`. */
const answerDepth = 5;
const deepestAnswer = 10_000;
const longestKey = 64;

/**
 * Takes the documents out of a `_bulk_get` answer as it streams, without parsing or holding them. A revision that is
 * no longer there is passed over: its document has changed since, and comes later in `_changes`. Every other error of
 * the engine throws.
 */
export class OkDocuments implements JsonListener {
  readonly #json: JsonByteReader;
  readonly #listener: OkDocumentsListener;
  #key: string | null = null;
  #open: 'ok' | 'error' | null = null;
  #error: Uint8Array[] = [];
  #chunk: Uint8Array = new Uint8Array(0);
  #chunkStart = 0;
  /** Absolute offset up to which the open value was handed on. */
  #passedUntil = 0;

  constructor(listener: OkDocumentsListener) {
    this.#listener = listener;
    this.#json = new JsonByteReader(this, {
      maxDepth: deepestAnswer,
      reportDepth: answerDepth,
      captureBytes: longestKey,
    });
  }

  write(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#json.write(chunk);
    const end = this.#chunkStart + chunk.length;
    this.#pass(end);
    this.#chunkStart = end;
  }

  /** To be called after the last byte; throws where the answer was cut short. */
  end(): void {
    this.#json.end();
  }

  valueStart(_kind: JsonKind, depth: number, offset: number): void {
    if (depth !== answerDepth || (this.#key !== 'ok' && this.#key !== 'error')) return;
    this.#open = this.#key;
    this.#passedUntil = offset;
    if (this.#open === 'ok') this.#listener.documentStart();
    else this.#error = [];
  }

  valueEnd(depth: number, endOffset: number): void {
    if (depth !== answerDepth || this.#open === null) return;
    this.#pass(endOffset);
    if (this.#open === 'ok') this.#listener.documentEnd();
    else assertGone(Buffer.concat(this.#error).toString('utf8'));
    this.#open = null;
  }

  key(depth: number, text: string | null): void {
    if (depth === answerDepth) this.#key = text === null ? null : text.slice(1, -1);
  }

  #pass(until: number): void {
    if (this.#open === null || until === this.#passedUntil) return;
    const bytes = this.#chunk.subarray(this.#passedUntil - this.#chunkStart, until - this.#chunkStart);
    if (this.#open === 'ok') this.#listener.piece(bytes);
    else this.#error.push(bytes);
    this.#passedUntil = until;
  }
}

function assertGone(text: string): void {
  const { error, reason } = JSON.parse(text) as { error?: string; reason?: string };
  if (error !== 'not_found') throw engineUnavailable(new Error(`_bulk_get: ${error}: ${reason}`));
}
