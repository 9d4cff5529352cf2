import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { BulkDocsReader, type BulkDocument, type RefusedDocument } from './bulk-docs-reader.ts';
import { sizeCheck } from './checked-body.ts';
import type { ProxyLimits } from './limits.ts';
import { engineUnavailable, readOnlyReason } from './replication-error.ts';
import type { Room } from '../spaces/quota.ts';
import type { EngineAnswer } from './upstream.ts';

export interface BulkDocsRequest {
  request: IncomingMessage;
  limits: ProxyLimits;
  /** False for viewers: every document is refused, one by one, and their live replication goes on. */
  mayWrite: boolean;
  /** What the quota has room for. */
  room: Room;
  /** Told of each document before the engine has it. */
  onAccepted?(document: BulkDocument): void;
  /** Begins the engine's request; called when there is a first document for it. */
  send(body: Readable): Promise<EngineAnswer>;
  /** Called when the engine is about to have the whole body. */
  onWhole?(answer: Promise<EngineAnswer>): void;
}

/** What to answer: the engine's results as they are, or ours with the refused documents in their places. */
export type BulkDocsOutcome =
  { answer: EngineAnswer; refused: RefusedDocument[]; newEdits: boolean } | { refused: RefusedDocument[] };

interface BulkResult {
  id?: string;
  rev?: string;
  error: 'forbidden';
  reason: string;
}

/** Why a document is not passed to the engine; PouchDB goes on past `forbidden` and stops at every other error. */
function refusalReason(
  document: BulkDocument,
  { mayWrite, limits, room }: Pick<BulkDocsRequest, 'mayWrite' | 'limits' | 'room'>,
): string | null {
  if (!mayWrite) return readOnlyReason;
  if (document.id?.startsWith('_design/')) return 'Design documents are written by the server only.';
  if (document.tooDeep) return `document_too_deep: ${limits.depth} levels at most`;
  if (document.tooLarge) return `document_too_large: ${limits.documentBytes} bytes at most`;
  const { rev, isReplicated, bytes, deletion } = document;
  const isNew = rev === undefined || (isReplicated && rev.startsWith('1-'));
  return room.refusal({ isNew, bytes, deletion });
}

/** Streams a `_bulk_docs` body to the engine, judging each document on the way. */
export async function passBulkDocs(options: BulkDocsRequest): Promise<BulkDocsOutcome> {
  const { request, limits } = options;
  const engine: { sending?: Promise<EngineAnswer>; answered: boolean } = { answered: false };
  const body = new PassThrough();
  body.on('error', () => {}); // Its destroyer knows; the engine's request rejects by itself.
  const size = sizeCheck(limits.requestBytes);
  let pieces: Uint8Array[] = [];
  const reader = new BulkDocsReader({
    limits,
    emit: (piece) => pieces.push(piece),
    refuse(document) {
      const reason = refusalReason(document, options);
      if (reason === null) options.onAccepted?.(document);
      return reason;
    },
  });

  async function flush(): Promise<void> {
    if (pieces.length === 0) return;
    const ready = Buffer.concat(pieces);
    pieces = [];
    engine.sending ??= options.send(body).finally(() => (engine.answered = true));
    engine.sending.catch(() => {});
    if (!body.write(ready) && !engine.answered) {
      await Promise.race([once(body, 'drain').catch(() => engine.sending), engine.sending]);
    }
  }

  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      size.write(chunk);
      reader.write(chunk);
      await flush();
      // An answer before the end is a refusal of the whole.
      if (engine.answered) break;
    }
    if (!engine.answered) reader.end();
    await flush();
  } catch (error) {
    body.destroy(error instanceof Error ? error : undefined);
    throw error;
  }
  if (engine.answered) {
    const early = await engine.sending;
    // Success before the end was sent cannot be meant for this body.
    if (early !== undefined && early.status < 400) throw engineUnavailable();
  }
  if (engine.sending !== undefined) options.onWhole?.(engine.sending);
  body.end();
  if (engine.sending === undefined) return { refused: reader.refused };
  return { answer: await engine.sending, refused: reader.refused, newEdits: reader.newEdits };
}

function refusedResult({ id, rev, reason }: RefusedDocument): BulkResult {
  return {
    ...(id === undefined ? {} : { id }),
    ...(rev === undefined ? {} : { rev }),
    error: 'forbidden',
    reason,
  };
}

/** The results of a request in which every document was refused. */
export function refusedResults(refused: RefusedDocument[]): BulkResult[] {
  return refused.map(refusedResult);
}

/**
 * The engine's results with the refused documents among them: in the order of the request for new edits;
 * after the engine's own errors otherwise, as only errors are listed then.
 */
export async function mergedResults(
  answer: EngineAnswer,
  refused: RefusedDocument[],
  newEdits: boolean,
): Promise<unknown[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const results: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (!Array.isArray(results)) throw engineUnavailable();
  if (!newEdits) return [...results, ...refusedResults(refused)];
  for (const document of refused) results.splice(document.index, 0, refusedResult(document));
  return results;
}
