export interface DocumentLimits {
  /** Of one document, without its inline attachments. */
  documentBytes: number;
  /** Of one document's `_attachments`, in JSON. */
  attachmentBytes: number;
}

/**
 * The bytes of one document after the other, as chunks of the body arrive: kept until the document was judged, unless it
 * is too large. Offsets are those in the whole body.
 */
export class DocumentBytes {
  /** The document's own bytes, or its attachments', are more than the limits allow. */
  tooLarge = false;
  readonly #limits: DocumentLimits;
  #chunkStart = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #isOpen = false;
  #pieces: Uint8Array[] = [];
  /** The open document's bytes up to here are in `#pieces`. */
  #keptUntil = 0;
  #start = 0;
  #attachmentsStart = -1;
  #attachmentBytes = 0;

  constructor(limits: DocumentLimits) {
    this.#limits = limits;
  }

  /** To be called before a chunk is read, whose documents' ends are told then. */
  startChunk(chunk: Uint8Array): void {
    this.#chunk = chunk;
  }

  endChunk(): void {
    const end = this.#chunkStart + this.#chunk.length;
    if (this.#isOpen) this.#keep(end);
    this.#chunkStart = end;
    this.#chunk = new Uint8Array(0);
  }

  start(offset: number): void {
    this.tooLarge = false;
    this.#isOpen = true;
    this.#pieces = [];
    this.#start = this.#keptUntil = offset;
    this.#attachmentsStart = -1;
    this.#attachmentBytes = 0;
  }

  startAttachments(offset: number): void {
    this.#attachmentsStart = offset;
  }

  endAttachments(offset: number): void {
    this.#attachmentBytes += offset - this.#attachmentsStart;
    this.#attachmentsStart = -1;
  }

  /** Answers how many they are, with the attachments. */
  end(offset: number): number {
    this.#keep(offset);
    this.#isOpen = false;
    return offset - this.#start;
  }

  /** The document that has just ended, which is forgotten then. */
  takePieces(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #keep(until: number): void {
    this.#measure(until);
    if (this.tooLarge) this.#pieces = [];
    else
      this.#pieces.push(this.#chunk.subarray(this.#keptUntil - this.#chunkStart, until - this.#chunkStart));
    this.#keptUntil = until;
  }

  #measure(until: number): void {
    const open = this.#attachmentsStart < 0 ? 0 : until - this.#attachmentsStart;
    const attachments = this.#attachmentBytes + open;
    const own = until - this.#start - attachments;
    const { documentBytes, attachmentBytes } = this.#limits;
    if (own > documentBytes || attachments > attachmentBytes) this.tooLarge = true;
  }
}
