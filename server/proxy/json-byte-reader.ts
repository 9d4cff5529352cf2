import { afterSign, isCompleteNumber, isDigit, numberStep } from './json-number.ts';

/** What a value is, told from its first byte. */
export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'literal';

/** Told about values and keys inside at most `reportDepth` containers; `depth` counts the containers around them. */
export interface JsonListener {
  /** True asks for the text of a string. */
  valueStart(kind: JsonKind, depth: number, offset: number): boolean | void;
  /** `text` is the raw JSON of a literal or an asked-for string, null when longer than `captureBytes`. */
  valueEnd(depth: number, endOffset: number, text: string | null): void;
  /** The raw JSON string of a key, or null when longer than `captureBytes`. */
  key(depth: number, text: string | null): void;
}

export interface JsonReaderOptions {
  /** Containers inside one another, at most. */
  maxDepth: number;
  reportDepth: number;
  captureBytes: number;
}

/** Bytes that are not JSON, or nest too deeply; the message is for people. */
export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError';
}

const quote = 0x22;
const backslash = 0x5c;
type State =
  | 'value'
  | 'first-element'
  | 'first-key'
  | 'key'
  | 'colon'
  | 'after-value'
  | 'string'
  | 'number'
  | 'literal'
  | 'done';

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

/** The next place in a string that is not plain text: a quote, a backslash or a control character. */
function endOfPlainText(chunk: Uint8Array, from: number): number {
  const length = chunk.length;
  let at = from;
  while (at < length) {
    const byte = chunk[at] ?? 0;
    if (byte === quote || byte === backslash || byte < 0x20) return at;
    at += 1;
  }
  return length;
}

/**
 * Checks JSON as its bytes arrive, in chunks of any size, and reports where values near the root begin and
 * end. Holds no more than `captureBytes` of the text. Strings are not checked to be UTF-8.
 */
export class JsonByteReader {
  /** The most containers that were open at once; may be set back by its reader. */
  deepest = 0;
  /** Bytes read before the current chunk. */
  #base = 0;
  #state: State = 'value';
  #stack: boolean[] = [];
  #stringIsKey = false;
  /** 0 outside an escape, 5 after the backslash, 4 to 1 while hex digits are due. */
  #escape = 0;
  #number = afterSign;
  #literal = '';
  #literalAt = 0;
  #captured: Uint8Array[] | null = null;
  #capturedBytes = 0;
  readonly #listener: JsonListener;
  readonly #options: JsonReaderOptions;

  constructor(listener: JsonListener, options: JsonReaderOptions) {
    this.#listener = listener;
    this.#options = options;
  }

  write(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'string') at = this.#readString(chunk, at);
      else if (this.#state === 'number') at = this.#readNumber(chunk, at);
      else if (this.#state === 'literal') at = this.#readLiteral(chunk, at);
      else {
        const byte = chunk[at] ?? 0;
        if (!isSpace(byte)) this.#readStructure(byte, this.#base + at);
        at += 1;
      }
    }
    this.#base += chunk.length;
  }

  /** Throws unless exactly one whole value was read. */
  end(): void {
    if (this.#state === 'number' && this.#stack.length === 0) this.#endNumber(this.#base);
    if (this.#state !== 'done') throw new JsonSyntaxError('The JSON ends too early.');
  }

  #readStructure(byte: number, offset: number): void {
    switch (this.#state) {
      case 'first-element':
        if (byte === 0x5d) return this.#close(false, offset);
        return this.#startValue(byte, offset);
      case 'value':
        return this.#startValue(byte, offset);
      case 'first-key':
        if (byte === 0x7d) return this.#close(true, offset);
        return this.#startKey(byte);
      case 'key':
        return this.#startKey(byte);
      case 'colon':
        if (byte !== 0x3a) this.#fail();
        this.#state = 'value';
        return;
      case 'after-value':
        if (byte === 0x2c) this.#state = this.#stack.at(-1) ? 'key' : 'value';
        else if (byte === 0x7d) this.#close(true, offset);
        else if (byte === 0x5d) this.#close(false, offset);
        else this.#fail();
        return;
      default:
        this.#fail();
    }
  }

  #startKey(byte: number): void {
    if (byte !== quote) this.#fail();
    this.#stringIsKey = true;
    this.#startString(this.#stack.length <= this.#options.reportDepth);
  }

  #startValue(byte: number, offset: number): void {
    if (byte === 0x7b || byte === 0x5b) return this.#open(byte === 0x7b, offset);
    if (byte === quote) {
      const wanted = this.#report('string', offset);
      this.#stringIsKey = false;
      return this.#startString(wanted);
    }
    if (byte === 0x2d || isDigit(byte)) {
      this.#report('number', offset);
      this.#number = byte === 0x2d ? afterSign : numberStep(afterSign, byte);
      this.#state = 'number';
      return;
    }
    const literal = { 0x74: 'true', 0x66: 'false', 0x6e: 'null' }[byte];
    if (literal === undefined) return this.#fail();
    this.#report('literal', offset);
    this.#literal = literal;
    this.#literalAt = 1;
    this.#state = 'literal';
  }

  #open(isObject: boolean, offset: number): void {
    this.#report(isObject ? 'object' : 'array', offset);
    if (this.#stack.length >= this.#options.maxDepth) throw new JsonSyntaxError('The JSON nests too deeply.');
    this.#stack.push(isObject);
    if (this.#stack.length > this.deepest) this.deepest = this.#stack.length;
    this.#state = isObject ? 'first-key' : 'first-element';
  }

  #close(isObject: boolean, offset: number): void {
    if (this.#stack.pop() !== isObject) this.#fail();
    this.#endValue(offset + 1, null);
  }

  #report(kind: JsonKind, offset: number): boolean {
    const depth = this.#stack.length;
    return depth <= this.#options.reportDepth && this.#listener.valueStart(kind, depth, offset) === true;
  }

  #endValue(endOffset: number, text: string | null): void {
    const depth = this.#stack.length;
    this.#state = depth === 0 ? 'done' : 'after-value';
    if (depth <= this.#options.reportDepth) this.#listener.valueEnd(depth, endOffset, text);
  }

  #startString(captured: boolean): void {
    this.#state = 'string';
    this.#escape = 0;
    this.#captured = captured ? [] : null;
    this.#capturedBytes = 0;
  }

  #readString(chunk: Uint8Array, from: number): number {
    const length = chunk.length;
    let at = from;
    while (at < length) {
      if (this.#escape === 0) at = endOfPlainText(chunk, at);
      if (at === length) break;
      const byte = chunk[at] ?? 0;
      if (this.#escape > 0) this.#readEscape(byte);
      else if (byte === quote) {
        this.#capture(chunk, from, at);
        this.#endString(this.#base + at + 1);
        return at + 1;
      } else if (byte === backslash) this.#escape = 5;
      else this.#fail();
      at += 1;
    }
    this.#capture(chunk, from, length);
    return length;
  }

  #readEscape(byte: number): void {
    if (this.#escape < 5) {
      if (!isHex(byte)) this.#fail();
      this.#escape -= 1;
    } else if (byte === 0x75) this.#escape = 4;
    else if ('"\\/bfnrt'.includes(String.fromCharCode(byte))) this.#escape = 0;
    else this.#fail();
  }

  #capture(chunk: Uint8Array, from: number, to: number): void {
    if (this.#captured === null || to === from) return;
    this.#capturedBytes += to - from;
    if (this.#capturedBytes > this.#options.captureBytes) this.#captured = null;
    else this.#captured.push(chunk.subarray(from, to));
  }

  #endString(endOffset: number): void {
    const captured = this.#captured;
    const text = captured === null ? null : `"${Buffer.concat(captured).toString('utf8')}"`;
    this.#captured = null;
    if (!this.#stringIsKey) return this.#endValue(endOffset, text);
    this.#state = 'colon';
    const depth = this.#stack.length;
    if (depth <= this.#options.reportDepth) this.#listener.key(depth, text);
  }

  #readNumber(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const next = numberStep(this.#number, chunk[at] ?? 0);
      if (next < 0) {
        this.#endNumber(this.#base + at);
        return at;
      }
      this.#number = next;
    }
    return chunk.length;
  }

  #endNumber(endOffset: number): void {
    if (!isCompleteNumber(this.#number)) this.#fail();
    this.#endValue(endOffset, null);
  }

  #readLiteral(chunk: Uint8Array, at: number): number {
    if (chunk[at] !== this.#literal.charCodeAt(this.#literalAt)) this.#fail();
    this.#literalAt += 1;
    if (this.#literalAt === this.#literal.length) this.#endValue(this.#base + at + 1, this.#literal);
    return at + 1;
  }

  #fail(): never {
    throw new JsonSyntaxError('The body is not valid JSON.');
  }
}
