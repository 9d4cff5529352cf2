import type { IncomingMessage } from 'node:http';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { createDeletionReader, type Deletion } from './deletion-reader.ts';
import { JsonByteReader, JsonSyntaxError } from './json-byte-reader.ts';
import { badRequest, ReplicationError, requestTooLarge } from './replication-error.ts';

interface ChunkCheck {
  write(chunk: Uint8Array): void;
  end(): void;
}

/** Refuses compressed bodies, which could grow past any limit, and those whose stated length is too large. */
export function assertBodyAcceptable(request: IncomingMessage, maxBytes: number): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new ReplicationError(415, 'bad_content_encoding', 'Compressed bodies are not accepted.');
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/** Refuses content types other than JSON; none at all is taken for JSON, as CouchDB does. */
export function assertJsonType(request: IncomingMessage): void {
  const type = request.headers['content-type'];
  if (type === undefined || /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type)) return;
  throw new ReplicationError(415, 'bad_content_type', 'Content-Type must be application/json');
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function asRefusal(read: () => void): void {
  try {
    read();
  } catch (error) {
    throw error instanceof JsonSyntaxError ? badRequest(error.message) : error;
  }
}

function tooLarge(maxBytes: number): ReplicationError {
  return requestTooLarge(`The request entity is too large: ${maxBytes} bytes at most.`);
}

/** Counts the bytes of a body; throws 413 past the limit. `judge` is told of them at the end, and may refuse. */
export function sizeCheck(maxBytes: number, judge?: (bytes: number) => void): ChunkCheck {
  let bytes = 0;
  return {
    write(chunk) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
    },
    end: () => judge?.(bytes),
  };
}

/** What a document in a body says of itself. */
export interface DocumentFacts {
  bytes: number;
  hasRevision: boolean;
  deletion: Deletion;
}

export interface JsonCheckOptions {
  maxDepth: number;
  documentId?: string;
  /** Called when the whole was read; throws a refusal. */
  judge?(facts: DocumentFacts): void;
}

/** Checks that a body is one JSON object, not nested too deeply, and that its `_id`, where given, is the address's. */
export function jsonCheck(options: JsonCheckOptions): ChunkCheck {
  let key: string | null = null;
  let bytes = 0;
  let hasRevision = false;
  const deletion = createDeletionReader();
  const reader = new JsonByteReader(
    {
      valueStart(kind, depth) {
        if (depth === 0 && kind !== 'object') throw badRequest('Request body must be a JSON object');
        return key === '_id';
      },
      valueEnd(depth, _offset, value) {
        if (depth !== 1) return;
        hasRevision ||= key === '_rev';
        deletion.see(key, value);
        if (key !== '_id' || options.documentId === undefined) return;
        if (value === null || JSON.parse(value) !== options.documentId) {
          throw badRequest('Document ID must match the address.');
        }
      },
      key(_depth, value) {
        key = value === null ? null : String(JSON.parse(value));
      },
    },
    { maxDepth: options.maxDepth, reportDepth: 1, captureBytes: 8192 },
  );
  return {
    write(chunk) {
      bytes += chunk.length;
      asRefusal(() => reader.write(chunk));
    },
    end() {
      asRefusal(() => reader.end());
      options.judge?.({ bytes, hasRevision, deletion: deletion.found() });
    },
  };
}

/**
 * Passes a body on while checking it. A chunk is passed on only after it was checked, and the last one only
 * when the whole was, so the engine never sees a refused body's end. The stream fails with the refusal.
 */
export function checkedBody(source: Readable, checks: ChunkCheck[]): Readable {
  let held: Uint8Array | null = null;
  const stream = new Transform({
    transform(chunk: Uint8Array, _encoding, done: TransformCallback) {
      try {
        for (const check of checks) check.write(chunk);
      } catch (error) {
        return done(asError(error));
      }
      const ready = held;
      held = chunk;
      if (ready === null) done();
      else done(null, ready);
    },
    flush(done) {
      try {
        for (const check of checks) check.end();
      } catch (error) {
        return done(asError(error));
      }
      done(null, held);
    },
  });
  source.once('close', () => {
    if (!source.readableEnded) stream.destroy(new Error('The client went away.'));
  });
  stream.on('error', () => {}); // The engine's request listens too, once it has begun.
  return source.pipe(stream);
}
