import { getOrNull, putNote, removeNote } from '../local/local-documents.ts';
import type { Pouch } from '../pouch/pouch-types.ts';
import { createCheckpoint, type Sequence } from '../replication/checkpoint.ts';
import { createCheckpointKeeper, type CheckpointKeeper } from './checkpoint-keeper.ts';
import { NoBootstrapError, openPageStream } from './page-stream.ts';
import { createPageWriter, type PageWriter } from './page-writer.ts';

export interface BootstrapProgress {
  /** Revisions stored so far. */
  documents: number;
  /** Documents that were to come when it began, or went on. */
  pending: number;
}

export interface BootstrapOptions {
  local: Pouch;
  /** The database on the server as the pull has it, whose checkpoint is taken further. */
  remote: Pouch;
  /** The database's address. */
  url: string;
  /** Sends the user's token, and hands an answer over while it arrives. */
  fetcher: typeof fetch;
  signal?: AbortSignal;
  onProgress?: (progress: BootstrapProgress) => void;
  /** A revision from the server is about to be written. */
  onArrival?: (docId: string, revision: string) => void;
  /** Also for a database that was filled before: thousands of changes are known to wait for it. */
  farBehind?: boolean;
  /** Revisions in one write, and characters of JSON, at most and by a page; default 1000 and 2 million. */
  batchDocuments?: number;
  batchLength?: number;
}

/** `not-needed`: ordinary replication is as quick. `unavailable`: the server has no such stream. */
export type BootstrapOutcome = 'done' | 'not-needed' | 'unavailable';

/** Stands while a database is not filled yet. */
const note = '_local/bootstrap';
const defaultDocuments = 1000;
const defaultLength = 2_000_000;

/**
 * Fills a local database from the server's stream of leaves, and leaves it as a pull that has come so far would: the
 * pull's own checkpoint stands where the stream ended, so that ordinary replication goes on without reading anything
 * again. Can be interrupted at any time and goes on from the checkpoint. Rejects where network, server or storage fail.
 */
export async function bootstrapDatabase(options: BootstrapOptions): Promise<BootstrapOutcome> {
  const { local, remote, farBehind = false } = options;
  const checkpoint = createCheckpoint(remote, local);
  const since = await checkpoint.read();
  const isUnfinished = (await getOrNull(local, note)) !== null;
  if (since !== 0 && !isUnfinished && !farBehind) return 'not-needed';
  const keeper = createCheckpointKeeper(checkpoint, since);
  try {
    let outcome: Outcome = 'cut';
    // A server that stops, or a token that ends, ends the stream early: it goes on for as long as pages come.
    for (let before: Sequence | null = null; outcome === 'cut';) {
      if (before === keeper.position()) throw new Error('The first sync was cut off.');
      before = keeper.position();
      outcome = await readOnce(options, keeper, { mayDecline: before === 0 && !isUnfinished });
    }
    if (outcome === 'declined') return 'not-needed';
    await removeNote(local, note);
    return 'done';
  } catch (error) {
    if (error instanceof NoBootstrapError) return 'unavailable';
    throw error;
  }
}

type Outcome = 'whole' | 'cut' | 'declined';

/** Reads one stream, as far as it goes, and stores what came. */
async function readOnce(
  options: BootstrapOptions,
  keeper: CheckpointKeeper,
  { mayDecline }: { mayDecline: boolean },
): Promise<Outcome> {
  const { local, onProgress, onArrival } = options;
  const since = keeper.position();
  const progress = { documents: 0, pending: 0 };
  const writer = createPageWriter({
    local,
    batchDocuments: options.batchDocuments ?? defaultDocuments,
    batchLength: options.batchLength ?? defaultLength,
    onStored(documents, sequence) {
      progress.documents += documents;
      keeper.stored(sequence);
      onProgress?.({ ...progress });
    },
  });
  let outcome: Outcome = 'cut';
  try {
    for await (const line of openPageStream({ ...options, signal: options.signal, since })) {
      if (line.kind === 'start') {
        progress.pending = line.pending;
        if (mayDecline && (await isMostlyHere(local, line.pending))) return 'declined';
        await putNote(local, note, {});
        continue;
      }
      if (line.kind === 'page') {
        for (const { _id, _rev = '' } of line.docs) onArrival?.(_id, _rev);
        await writer.add(line);
        continue;
      }
      await writer.add({ docs: [], length: 0, sequence: line.sequence });
      outcome = 'whole';
      break;
    }
  } catch (error) {
    await keepWhatCame(options, writer, keeper);
    if (keeper.position() === since) throw error;
    return 'cut';
  }
  await writer.flush();
  await keeper.save();
  return outcome;
}

/** After a failure of the network; throws where the storage failed, or nobody wants any more. */
async function keepWhatCame(
  { signal }: BootstrapOptions,
  writer: PageWriter,
  keeper: CheckpointKeeper,
): Promise<void> {
  if (signal?.aborted) await writer.idle();
  else await writer.flush();
  await keeper.save().catch(() => {
    // Without a network there is half a checkpoint, and the next visit goes on from an older one.
  });
  signal?.throwIfAborted();
}

/** What a device has sent itself need not be sent back: a pull would only compare revisions. */
async function isMostlyHere(local: Pouch, pending: number): Promise<boolean> {
  const { doc_count: here } = await local.info();
  return here * 2 >= pending;
}
