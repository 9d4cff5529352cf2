import type { PouchDocument } from '../pouch/pouch-types.ts';
import type { Sequence } from '../replication/checkpoint.ts';
import { readLines } from './read-lines.ts';

/** A line of the server's bootstrap stream; pages are numbered from 1, and `done` says how many there were. */
export type BootstrapLine =
  | { kind: 'start'; pending: number }
  | { kind: 'page'; page: number; docs: PouchDocument[]; length: number; sequence: Sequence }
  | { kind: 'done'; page: number; sequence: Sequence };

/** The server has no such stream: an older one, or a CouchDB. */
export class NoBootstrapError extends Error {}

/** How long the stream may stay silent; the server may be gathering a page. */
const silenceMilliseconds = 45_000;
const withoutStream = new Set([400, 404, 405, 501]);

function parseLine({ line, length }: { line: unknown; length: number }): BootstrapLine {
  const { docs, page, seq, pending, done } = (line ?? {}) as Record<string, unknown>;
  if (typeof seq === 'number' || typeof seq === 'string') {
    if (typeof pending === 'number') return { kind: 'start', pending };
    if (typeof page === 'number' && done === true) return { kind: 'done', page, sequence: seq };
    if (typeof page === 'number' && Array.isArray(docs)) {
      return { kind: 'page', page, docs: docs as PouchDocument[], length, sequence: seq };
    }
  }
  throw new Error('The server’s first sync cannot be read.');
}

async function bodyOf(response: Response): Promise<ReadableStream<Uint8Array>> {
  const { ok, status, headers, body } = response;
  const isStream = headers.get('content-type')?.startsWith('application/x-ndjson') === true;
  if (ok && isStream && body) return body;
  const { reason } = (await response.json().catch(() => ({}))) as { reason?: string };
  if (withoutStream.has(status) || ok) throw new NoBootstrapError(reason);
  throw Object.assign(new Error(reason ?? `The first sync was answered with ${status}.`), { status });
}

/** Lines in their order, each once: one that was lost or overtaken on the way ends the stream. */
function createOrder(): (line: BootstrapLine) => 'next' | 'again' | 'lost' {
  let passed = -1;
  return (line) => {
    const place = line.kind === 'start' ? 0 : line.kind === 'page' ? line.page : line.page + 1;
    if (place <= passed) return 'again';
    if (place !== passed + 1) return 'lost';
    passed = place;
    return 'next';
  };
}

interface PageStreamOptions {
  url: string;
  fetcher: typeof fetch;
  since: Sequence;
  signal: AbortSignal | undefined;
}

/** Asks for all leaves since a sequence; ends where the server or the network ends, which need not be at `done`. */
export async function* openPageStream(options: PageStreamOptions): AsyncGenerator<BootstrapLine, void> {
  const { url, fetcher, since, signal } = options;
  const ending = new AbortController();
  const abort = () => ending.abort(signal?.reason);
  const giveUp = () => ending.abort(new DOMException('The connection stayed silent.', 'TimeoutError'));
  let guard = setTimeout(giveUp, silenceMilliseconds);
  const heard = () => {
    clearTimeout(guard);
    guard = setTimeout(giveUp, silenceMilliseconds);
  };
  signal?.addEventListener('abort', abort);
  try {
    signal?.throwIfAborted();
    const response = await fetcher(`${url}/_bootstrap?since=${encodeURIComponent(since)}`, {
      headers: { accept: 'application/x-ndjson' },
      cache: 'no-store',
      signal: ending.signal,
    });
    const order = createOrder();
    for await (const text of readLines(await bodyOf(response), heard, ending.signal)) {
      const line = parseLine(text);
      const place = order(line);
      if (place === 'lost') return;
      if (place === 'next') yield line;
    }
  } finally {
    clearTimeout(guard);
    signal?.removeEventListener('abort', abort);
  }
}
