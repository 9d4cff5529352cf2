import { z } from 'zod';
import type { EngineHttp } from '../../couch/engine-http.ts';
import { CommandError } from '../command.ts';
import type { LeafDocument } from '../../couch/read-leaves.ts';

const batchBytes = 8 * 1024 * 1024;
const batchLeaves = 500;
const requestMilliseconds = 120_000;

export interface FailedLeaf {
  database: string;
  id: string;
  rev: string;
  reason: string;
}

/** Writes leaves with the revisions they had, and makes sure that they arrived. */
export interface LeafWriter {
  add(doc: LeafDocument): Promise<void>;
  /** Writes what is left; answers how many leaves are in the database now and which are not. */
  finish(): Promise<{ written: number; failed: FailedLeaf[] }>;
}

export interface LeafWriterOptions {
  http: EngineHttp;
  database: string;
  signal: AbortSignal;
  /** Called with each batch after it was written. */
  onBatch?(docs: readonly LeafDocument[]): Promise<void>;
}

const resultsSchema = z.array(
  z.looseObject({
    id: z.string().optional(),
    rev: z.string().optional(),
    error: z.string().optional(),
    reason: z.string().optional(),
  }),
);
const missingSchema = z.record(z.string(), z.object({ missing: z.array(z.string()) }));

export function createLeafWriter(options: LeafWriterOptions): LeafWriter {
  let batch: LeafDocument[] = [];
  let bytes = 0;
  let written = 0;
  const failed: FailedLeaf[] = [];

  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    options.signal.throwIfAborted();
    const docs = batch;
    batch = [];
    bytes = 0;
    const reasons = await writeBatch(options, docs);
    const missing = await findMissing(options, docs);
    for (const { _id: id, _rev: rev } of docs.filter((doc) => missing.has(leafName(doc)))) {
      failed.push({
        database: options.database,
        id,
        rev,
        reason: reasons.get(id) ?? 'the engine did not keep it',
      });
    }
    written += docs.length - missing.size;
    await options.onBatch?.(docs);
  }

  return {
    async add(doc) {
      const size = JSON.stringify(doc).length;
      if (bytes + size > batchBytes || batch.length === batchLeaves) await flush();
      batch.push(doc);
      bytes += size;
    },
    async finish() {
      await flush();
      return { written, failed };
    },
  };
}

function leafName({ _id, _rev }: LeafDocument): string {
  return `${_rev} ${_id}`;
}

async function post(
  options: LeafWriterOptions,
  path: string,
  body: unknown,
): Promise<{ status: number; body: unknown }> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(requestMilliseconds)]);
  return options.http.request(`/${encodeURIComponent(options.database)}${path}`, {
    method: 'POST',
    body,
    signal,
  });
}

/** Answers why documents were refused, by id; a batch that is refused whole is tried one by one. */
async function writeBatch(options: LeafWriterOptions, docs: LeafDocument[]): Promise<Map<string, string>> {
  const { status, body } = await post(options, '/_bulk_docs', { docs, new_edits: false });
  const results = resultsSchema.safeParse(body);
  if ((status === 201 || status === 202) && results.success) {
    return new Map(
      results.data.flatMap(({ id, error, reason }) =>
        id && error ? [[id, `${error}: ${reason ?? ''}`] as const] : [],
      ),
    );
  }
  const reason = JSON.stringify(body ?? '').slice(0, 200);
  // A password that was changed or an engine that is down concerns every document.
  if (status === 401 || status === 403 || status >= 500) {
    throw new CommandError(`${options.database} cannot be written: the engine answered ${status} ${reason}`);
  }
  if (docs.length === 1) return new Map(docs.map(({ _id }) => [_id, `${status} ${reason}`]));
  const reasons = new Map<string, string>();
  for (const doc of docs) for (const [id, why] of await writeBatch(options, [doc])) reasons.set(id, why);
  return reasons;
}

async function findMissing(options: LeafWriterOptions, docs: LeafDocument[]): Promise<Set<string>> {
  const revisions: Record<string, string[]> = {};
  for (const { _id, _rev } of docs) (revisions[_id] ??= []).push(_rev);
  const { status, body } = await post(options, '/_revs_diff', revisions);
  if (status !== 200)
    throw new CommandError(`${options.database} cannot be checked: the engine answered ${status}`);
  const missing = missingSchema.parse(body);
  return new Set(
    Object.entries(missing).flatMap(([id, entry]) => entry.missing.map((rev) => `${rev} ${id}`)),
  );
}
