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
  results: z.array(
    z.object({
      seq: sequenceSchema,
      id: z.string(),
      changes: z.array(z.object({ rev: z.string() })),
    }),
  ),
  last_seq: sequenceSchema,
  pending: z.number().optional(),
});
type Changes = z.infer<typeof changesSchema>;
type ChangeRow = Changes['results'][number];

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
  /** The reader says how many bytes a batch had, so that the next one is of a good size. */
  batches: AsyncGenerator<LeafBatch, void, number>;
}

/** Asks the engine, below the database; rejects for every answer but a success. */
export type AskEngine = (path: string, body?: { bytes: Buffer; stream: Readable }) => Promise<EngineAnswer>;

/** What an engine answers quickest for: it may gather a whole batch before it answers, and each costs a request. */
const goodBatchBytes = 2_000_000;
const fewestChanges = 20;

/** Assets are fetched when they are needed; only their deletions must be known. */
function leavesToSend({ id, changes }: ChangeRow): { id: string; rev: string }[] {
  const wanted = id.startsWith(idPrefixes.asset)
    ? changes.filter(({ rev }) => !rev.startsWith('1-'))
    : changes;
  return wanted.map(({ rev }) => ({ id, rev }));
}

async function readChanges(ask: AskEngine, since: Sequence, limit: number): Promise<Changes> {
  const query = `style=all_docs&limit=${limit}&since=${encodeURIComponent(since)}`;
  return changesSchema.parse(await json((await ask(`/_changes?${query}`)).body));
}

async function readBatch(ask: AskEngine, rows: ChangeRow[], seq: Sequence): Promise<LeafBatch> {
  const docs = rows.flatMap(leavesToSend);
  if (docs.length === 0) return { answer: null, seq };
  const bytes = Buffer.from(JSON.stringify({ docs }));
  const body = { bytes, stream: Readable.from([bytes]) };
  return { answer: await ask('/_bulk_get?revs=true&attachments=true', body), seq };
}

/** Changes in their order, in groups of as many as the caller wants each time. Ends with what there was at first. */
async function* groupsOf(
  ask: AskEngine,
  first: Changes,
  limit: number,
): AsyncGenerator<{ rows: ChangeRow[]; seq: Sequence }, void, number> {
  let changes = first;
  let left = (changes.pending ?? 0) + changes.results.length;
  let wanted = fewestChanges;
  for (;;) {
    const { results, last_seq: seq } = changes;
    left -= results.length;
    const isLast = results.length < limit || left <= 0;
    const next = isLast ? null : readChanges(ask, seq, limit);
    next?.catch(() => {}); // Whoever awaits it below hears of it, unless the stream ends before.
    for (let at = 0; at < results.length || at === 0;) {
      const rows = results.slice(at, at + wanted);
      at += Math.max(rows.length, 1);
      wanted = yield { rows, seq: at < results.length ? (rows.at(-1)?.seq ?? seq) : seq };
    }
    if (next === null) return;
    changes = await next;
  }
}

/** The engine works on a batch while the one before is sent. */
async function* oneAhead(
  ask: AskEngine,
  groups: ReturnType<typeof groupsOf>,
  limit: number,
): AsyncGenerator<LeafBatch, void, number> {
  let wanted = fewestChanges;
  let group = await groups.next(wanted);
  let upcoming = group.done === true ? null : readBatch(ask, group.value.rows, group.value.seq);
  while (upcoming !== null && group.done !== true) {
    const batch = await upcoming;
    const count = group.value.rows.length;
    group = await groups.next(wanted);
    upcoming = group.done === true ? null : readBatch(ask, group.value.rows, group.value.seq);
    upcoming?.catch(() => {}); // As above.
    const bytes = yield batch;
    const fitting = Math.round((goodBatchBytes * count) / Math.max(bytes, 1));
    wanted = Math.min(limit, Math.max(fewestChanges, fitting));
  }
}

/**
 * Reads all leaves of the documents that have changed since a sequence, with their ancestry and attachments, in the
 * order of `_changes`. Ends when it has passed what there was at the start.
 */
export async function readLeaves(
  ask: AskEngine,
  options: { since: string; limit: number },
): Promise<LeafBatches> {
  const info = infoSchema.parse(await json((await ask('')).body));
  const first = await readChanges(ask, options.since, options.limit);
  return {
    seq: info.update_seq,
    pending: first.results.length + (first.pending ?? 0),
    batches: oneAhead(ask, groupsOf(ask, first, options.limit), options.limit),
  };
}
