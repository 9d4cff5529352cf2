import { OkDocuments } from './ok-documents.ts';
import type { LeafBatches, Sequence } from './leaf-batches.ts';

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
  readonly #reader: OkDocuments;
  readonly #pageBytes: number;
  #parts: Uint8Array[] = [];
  #endsLine = false;
  /** Bytes of documents in the open page; null where none is open. */
  #open: number | null = null;
  #passed: Sequence;

  constructor(pageBytes: number, passed: Sequence) {
    this.#pageBytes = pageBytes;
    this.#passed = passed;
    this.#reader = new OkDocuments({
      documentStart: () => this.#startDocument(),
      piece: (bytes) => {
        this.#open = (this.#open ?? 0) + bytes.length;
        this.#parts.push(bytes);
      },
      documentEnd: () => {},
    });
  }

  write(chunk: Uint8Array): LinePart | null {
    this.#reader.write(chunk);
    return this.#take();
  }

  /** Ends the open page, or writes an empty one: everything up to the sequence has been sent. */
  end(seq: Sequence, hadAnswer: boolean): LinePart | null {
    if (hadAnswer) this.#reader.end();
    if (this.#open === null) this.#parts.push(opening);
    this.#close(seq);
    return this.#take();
  }

  #startDocument(): void {
    // A page in the middle of a batch names the sequence before the batch: who resumes there misses nothing.
    if (this.#open !== null && this.#open >= this.#pageBytes) this.#close(this.#passed);
    this.#parts.push(this.#open === null ? opening : comma);
    this.#open ??= 0;
  }

  #close(seq: Sequence): void {
    this.#parts.push(utf8.encode(`],"seq":${JSON.stringify(seq)}}\n`));
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

/** The lines of a bootstrap stream, as bytes: what is coming, the pages, and at last `done`. */
export async function* pageLines(
  leaves: LeafBatches,
  options: { since: Sequence; pageBytes: number },
): AsyncGenerator<LinePart, void> {
  yield line({ seq: leaves.seq, pending: leaves.pending });
  let { since } = options;
  for await (const { answer, seq } of leaves.batches) {
    const pages = new Pages(options.pageBytes, since);
    if (answer !== null) {
      for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
        const part = pages.write(chunk);
        if (part !== null) yield part;
      }
    }
    const last = pages.end(seq, answer !== null);
    if (last !== null) yield last;
    since = seq;
  }
  yield line({ done: true, seq: since });
}
