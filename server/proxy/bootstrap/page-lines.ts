import type { LeafBatches, Sequence } from './leaf-batches.ts';
import { OkDocuments } from './ok-documents.ts';

/** Bytes of a line or of a part of it, and whether they end the line. */
export interface LinePart {
  bytes: Buffer;
  endsLine: boolean;
}

const utf8 = new TextEncoder();
const opening = utf8.encode('{"docs":[');
const comma = utf8.encode(',');

function line(value: object): LinePart {
  return { bytes: Buffer.from(`${JSON.stringify(value)}\n`), endsLine: true };
}

/** Gathers documents into pages as their bytes come; holds no more than the bytes of one chunk. */
class Pages {
  /** Pages that have ended. */
  count = 0;
  readonly #pageBytes: number;
  #reader: OkDocuments | null = null;
  #parts: Uint8Array[] = [];
  #endsLine = false;
  /** Bytes of documents in the open page; null where none is open. */
  #open: number | null = null;
  /** Everything up to it has been sent. */
  #passed: Sequence;

  constructor(options: { since: Sequence; pageBytes: number }) {
    this.#passed = options.since;
    this.#pageBytes = options.pageBytes;
  }

  /** Takes the next part of a batch's answer. */
  write(chunk: Uint8Array): LinePart | null {
    this.#reader ??= new OkDocuments({
      documentStart: () => this.#startDocument(),
      piece: (bytes) => {
        this.#open = (this.#open ?? 0) + bytes.length;
        this.#parts.push(bytes);
      },
      documentEnd: () => {},
    });
    this.#reader.write(chunk);
    return this.#take();
  }

  /** Ends a batch and the open page with it, an empty one where there is none. */
  endBatch(seq: Sequence): LinePart | null {
    this.#reader?.end();
    this.#reader = null;
    this.#passed = seq;
    if (this.#open === null) this.#parts.push(opening);
    this.#close();
    return this.#take();
  }

  #startDocument(): void {
    // A page in the middle of a batch names the sequence before the batch: who resumes there misses nothing.
    if (this.#open !== null && this.#open >= this.#pageBytes) this.#close();
    this.#parts.push(this.#open === null ? opening : comma);
    this.#open ??= 0;
  }

  #close(): void {
    this.count += 1;
    this.#parts.push(utf8.encode(`],"page":${this.count},"seq":${JSON.stringify(this.#passed)}}\n`));
    this.#open = null;
    this.#endsLine = true;
  }

  #take(): LinePart | null {
    if (this.#parts.length === 0) return null;
    const part: LinePart = { bytes: Buffer.concat(this.#parts), endsLine: this.#endsLine };
    this.#parts = [];
    this.#endsLine = false;
    return part;
  }
}

/**
 * The lines of a bootstrap stream, as bytes: what is coming, the pages, numbered from 1 so that a client notices when
 * one is lost, and at last `done` with their number.
 */
export async function* pageLines(
  leaves: LeafBatches,
  options: { since: Sequence; pageBytes: number },
): AsyncGenerator<LinePart, void> {
  yield line({ seq: leaves.seq, pending: leaves.pending });
  const pages = new Pages(options);
  let { since } = options;
  for (let batch = await leaves.batches.next(0); batch.done !== true;) {
    let bytes = 0;
    for await (const chunk of (batch.value.answer?.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      const part = pages.write(chunk);
      if (part !== null) yield part;
    }
    since = batch.value.seq;
    const last = pages.endBatch(since);
    if (last !== null) yield last;
    batch = await leaves.batches.next(bytes);
  }
  yield line({ done: true, page: pages.count, seq: since });
}
