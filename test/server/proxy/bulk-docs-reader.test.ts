import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BulkDocsReader, type BulkDocument } from '../../../server/proxy/bulk-docs-reader.ts';
import { ReplicationError } from '../../../server/proxy/replication-error.ts';

const generous = { documentBytes: 1e6, attachmentBytes: 1e6, documents: 1000, depth: 100 };

interface Reading {
  /** What the engine would get, parsed; undefined where it would get nothing. */
  engine: unknown;
  reader: BulkDocsReader;
}

function read(
  body: string,
  options: {
    limits?: Partial<typeof generous>;
    chunks?: number[];
    refuse?: (d: BulkDocument) => string | null;
  } = {},
): Reading {
  const pieces: Uint8Array[] = [];
  const reader = new BulkDocsReader({
    limits: { ...generous, ...options.limits },
    emit: (piece) => pieces.push(new Uint8Array(piece)),
    refuse:
      options.refuse ?? ((document) => (document.tooLarge ? 'large' : document.tooDeep ? 'deep' : null)),
  });
  const bytes = new TextEncoder().encode(body);
  let at = 0;
  for (const size of options.chunks ?? []) {
    reader.write(bytes.subarray(at, at + size));
    at += size;
  }
  reader.write(bytes.subarray(at));
  reader.end();
  const text = Buffer.concat(pieces).toString('utf8');
  return { engine: text === '' ? undefined : JSON.parse(text), reader };
}

function refusalOf(body: string, chunks: number[] = []): ReplicationError {
  try {
    read(body, { chunks });
  } catch (error) {
    if (error instanceof ReplicationError) return error;
    throw error;
  }
  throw new Error(`accepted: ${body.slice(0, 200)}`);
}

/** JSON text with escapes and spaces that JSON.stringify does not write. */
function escaped(text: string): string {
  return `"${text.replaceAll(/./g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 200 });
const documents = fc.array(
  fc.dictionary(fc.string(), fc.jsonValue()).map(({ _id: _1, _attachments: _2, ...rest }) => rest),
  { maxLength: 5 },
);

describe('the reader of _bulk_docs', () => {
  it('gives the engine what JSON.parse reads, wherever the chunks end', () => {
    fc.assert(
      fc.property(documents, fc.boolean(), chunkSizes, fc.nat(4), (docs, newEdits, chunks, indent) => {
        const { engine, reader } = read(JSON.stringify({ docs, new_edits: newEdits }, null, indent), {
          chunks,
        });
        expect(reader.accepted).toBe(docs.length);
        if (docs.length === 0) expect(engine).toBeUndefined();
        else expect(engine).toEqual({ docs: JSON.parse(JSON.stringify(docs)), new_edits: newEdits });
      }),
    );
  });

  it('takes and refuses exactly what JSON.parse does', () => {
    const mutations = fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:\\eE+-.0123tfnul \n\u0001'.split('')));
    fc.assert(
      fc.property(documents, fc.array(mutations, { maxLength: 3 }), chunkSizes, (docs, edits, chunks) => {
        let text = JSON.stringify({ docs });
        for (const [place, character] of edits) {
          const at = 9 + (place % Math.max(1, text.length - 9));
          text = text.slice(0, at) + character + text.slice(at + (place % 2));
        }
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        let accepted = true;
        try {
          read(text, { chunks });
        } catch (error) {
          if (!(error instanceof ReplicationError)) throw error;
          // Valid JSON may still be refused for what it says, never for its syntax.
          accepted = valid && !/JSON\.$|too early/.test(error.message);
        }
        expect(accepted).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses _local ids in every spelling, before the last byte', () => {
    const spellings = [
      '{"docs":[{"_id":"_local/x"}]}',
      `{"docs":[{"_id":${escaped('_local/x')}}]}`,
      `{"docs":[{${escaped('_id')}:"_local/x"}]}`,
      '{"docs":[{"_id":"a"},{"x":{"y":[1,{"_id":"_local/deeper is no id"}]},"_id":"_local\\/x"}]}',
      '{"new_edits":false,"docs":[{"_rev":"0-1" , "_id" : "_local/_security"}]}',
    ];
    for (const body of spellings) {
      for (let size = 1; size < body.length; size += 1) {
        const refusal = refusalOf(body, [size]);
        expect([refusal.status, refusal.error]).toEqual([403, 'forbidden']);
      }
    }
    expect(read('{"docs":[{"_id":"a","x":{"_id":"_local/x"}}]}').engine).toBeDefined();
  });

  it('refuses a document with two ids', () => {
    expect(refusalOf('{"docs":[{"_id":"_design/x","_id":"a"}]}').status).toBe(400);
    expect(refusalOf('{"docs":[{"_id":"a","\\u005fid":"_local/x"}]}').status).toBe(400);
  });

  it('refuses docs or new_edits given twice, and what CouchDB refuses', () => {
    const bodies = [
      '{"docs":[],"docs":[]}',
      '{"docs":[],"new_edits":true,"new_edits":false}',
      '{"docs":1}',
      '{"docs":[1]}',
      '{"docs":[null]}',
      '{"docs":[[]]}',
      '{"docs":{}}',
      '{"docs":[{"_id":5}]}',
      '{"docs":[{"_id":null}]}',
      '{"docs":[],"new_edits":"x"}',
      '{"docs":[],"new_edits":null}',
      '{"new_edits":true}',
      '[]',
      'null',
      '5',
      '',
      '{',
      '{"docs":[{"_id":"a"}]',
      '{"docs":[{"_id":"a"}]}}',
      '{"docs":[{"_id":"a"}]} x',
    ];
    for (const body of bodies) expect([body, refusalOf(body).status]).toEqual([body, 400]);
  });

  it('gives the engine no member but docs and new_edits', () => {
    const { engine } = read(
      '{"w":3,"docs":[{"_id":"a"}],"all_or_nothing":true,"x":{"docs":[{"_id":"_local/b"}]}}',
    );
    expect(engine).toEqual({ docs: [{ _id: 'a' }], new_edits: true });
  });

  it('leaves out a document that is too large, and knows its id and revision', () => {
    const large = { text: 'x'.repeat(2000), _id: 'large', _rev: '3-abc' };
    const body = JSON.stringify({ docs: [{ _id: 'a' }, large, { _id: 'b' }], new_edits: false });
    for (const chunks of [[], Array.from({ length: 300 }, () => 7)]) {
      const { engine, reader } = read(body, { chunks, limits: { documentBytes: 1000 } });
      expect(engine).toEqual({ docs: [{ _id: 'a' }, { _id: 'b' }], new_edits: false });
      expect(reader.refused).toEqual([{ index: 1, id: 'large', rev: '3-abc', reason: 'large' }]);
    }
  });

  it('counts attachments apart from the document', () => {
    const withData = (size: number) => ({
      _id: 'a',
      _attachments: { f: { data: 'x'.repeat(size) } },
      end: 1,
    });
    const limits = { documentBytes: 100, attachmentBytes: 500 };
    const chunks = Array.from({ length: 100 }, () => 11);
    expect(read(JSON.stringify({ docs: [withData(300)] }), { limits, chunks }).reader.accepted).toBe(1);
    expect(read(JSON.stringify({ docs: [withData(600)] }), { limits, chunks }).reader.accepted).toBe(0);
  });

  it('leaves out a document that nests too deeply, and refuses a request that never ends to', () => {
    const deep = (levels: number) => `{"_id":"deep","a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const { engine, reader } = read(`{"docs":[${deep(200)},{"_id":"b"}]}`);
    expect(engine).toEqual({ docs: [{ _id: 'b' }], new_edits: true });
    expect(reader.refused).toMatchObject([{ index: 0, id: 'deep' }]);
    expect(refusalOf(`{"docs":[${deep(20_000)}]}`).status).toBe(400);
    expect(refusalOf(`{"x":${'{"a":'.repeat(20_000)}`).status).toBe(400);
  });

  it('refuses more documents than the limit', () => {
    expect(() => read('{"docs":[{},{},{}]}', { limits: { documents: 2 } })).toThrow(
      expect.objectContaining({ status: 413 }),
    );
  });
});
