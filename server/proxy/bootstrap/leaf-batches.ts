import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { idPrefixes } from '../../../schema/index.ts';
import type { EngineAnswer } from '../upstream.ts';

/** A sequence of the engine: a number or a text, to be passed on as it is. */
const sequenceSchema = z.union([z.number(), z.string()]);
export type Sequence = z.infer<typeof sequenceSchema>;

const infoSchema = z.object({ update_seq: sequenceSchema });
const changesSchema = z.object({
  results: z.array(z.object({ id: z.string(), changes: z.array(z.object({ rev: z.string() })) })),
  last_seq: sequenceSchema,
  pending: z.number().optional(),
});

/** Some changes in their order, with the engine's answer that holds their leaves. */
export interface LeafBatch {
  /** Null where none of the changes has a leaf to send. */
  answer: EngineAnswer | null;
  /** All changes up to it are in this batch and those before. */
  seq: Sequence;
}

export interface LeafBatches {
  /** The update sequence before anything was read. */
  seq: Sequence;
  /** How many changes there are to come, at most. */
  pending: number;
  batches: AsyncGenerator<LeafBatch, void>;
}

/** Asks the engine, below the database; rejects for every answer but a success. */
export type AskEngine = (path: string, body?: { bytes: Buffer; stream: Readable }) => Promise<EngineAnswer>;

type ChangeRow = z.infer<typeof changesSchema>['results'][number];

/** Assets are fetched when they are needed; only their deletions must be known. */
function leavesToSend({ id, changes }: ChangeRow): { id: string; rev: string }[] {
  const wanted = id.startsWith(idPrefixes.asset)
    ? changes.filter(({ rev }) => !rev.startsWith('1-'))
    : changes;
  return wanted.map(({ rev }) => ({ id, rev }));
}

/**
 * Reads all leaves of the documents that have changed since a sequence, with their ancestry and attachments, in the
 * order of `_changes`, one batch ahead of its reader. Ends when it has passed what there was at the start.
 */
export async function readLeaves(
  ask: AskEngine,
  options: { since: string; limit: number },
): Promise<LeafBatches> {
  const { limit } = options;
  const info = infoSchema.parse(await json((await ask('')).body));
  const first = await readChanges(options.since);

  async function readChanges(since: Sequence): Promise<z.infer<typeof changesSchema>> {
    const query = `style=all_docs&limit=${limit}&since=${encodeURIComponent(since)}`;
    return changesSchema.parse(await json((await ask(`/_changes?${query}`)).body));
  }

  async function fetchLeaves(rows: ChangeRow[]): Promise<EngineAnswer | null> {
    const docs = rows.flatMap(leavesToSend);
    if (docs.length === 0) return null;
    const bytes = Buffer.from(JSON.stringify({ docs }));
    return ask('/_bulk_get?revs=true&attachments=true', { bytes, stream: Readable.from([bytes]) });
  }

  async function* batches(): AsyncGenerator<LeafBatch, void> {
    let changes = first;
    let left = (changes.pending ?? 0) + changes.results.length;
    for (;;) {
      const { results, last_seq: seq } = changes;
      left -= results.length;
      const isLast = results.length < limit || left <= 0;
      const next = isLast ? null : readChanges(seq);
      next?.catch(() => {}); // Whoever awaits it below hears of it, unless the stream ends before.
      yield { answer: await fetchLeaves(results), seq };
      if (next === null) return;
      changes = await next;
    }
  }

  return {
    seq: info.update_seq,
    pending: first.results.length + (first.pending ?? 0),
    batches: batches(),
  };
}
