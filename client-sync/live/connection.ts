import { createEventParser, type ServerSentEvent } from './event-parser.ts';
import { heartbeatOf } from './live-event.ts';
import type { OpenStream } from './open-stream.ts';

/** Why a connection is over. */
export type ConnectionEnd =
  /** We ended it. */
  | 'closed'
  /** It broke, or said nothing for too long, or never came to be. */
  | 'broken'
  /** Whatever answers there does not pass on a stream. */
  | 'unavailable';

interface ConnectionOptions {
  open: OpenStream;
  lastEventId: string;
  signal: AbortSignal;
  onEvent: (event: ServerSentEvent) => void;
  onLastId: (id: string) => void;
  /** How long the first event may take, in milliseconds: what comes later is held back somewhere on the way. */
  helloMilliseconds: number;
}

const defaultHeartbeatSeconds = 15;
/** So many heartbeats may be missed before a connection counts as dead. */
const heartbeatsMissed = 2.5;

/** Statuses of a server that has no such stream, or of something in between that lets none pass. */
const without = new Set([403, 404, 405, 406, 410, 415, 501, 505]);

/** Reads one connection to its end. Rejects only where the session is over. */
export async function readConnection(options: ConnectionOptions): Promise<ConnectionEnd> {
  const { open, lastEventId, signal, onEvent, onLastId, helloMilliseconds } = options;
  const ending = new AbortController();
  const abort = () => ending.abort();
  signal.addEventListener('abort', abort);
  let reason: ConnectionEnd = 'broken';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveUpAfter = (milliseconds: number, why: ConnectionEnd) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      reason = why;
      ending.abort();
    }, milliseconds);
  };
  try {
    const response = await untilAborted(open(lastEventId, ending.signal), ending.signal, () =>
      giveUpAfter(helloMilliseconds, 'unavailable'),
    );
    if (response === null) return signal.aborted ? 'closed' : reason;
    if (!isStream(response)) {
      await response.body?.cancel().catch(() => {});
      return without.has(response.status) || response.ok ? 'unavailable' : 'broken';
    }
    await readEvents(response, { ending, onEvent, onLastId, giveUpAfter });
    return signal.aborted ? 'closed' : reason;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    ending.abort();
  }
}

function isStream({ ok, headers, body }: Response): boolean {
  return ok && body !== null && (headers.get('content-type') ?? '').startsWith('text/event-stream');
}

/** The answer, or null where the way to the server failed or it took too long. */
async function untilAborted(
  opening: Promise<Response>,
  signal: AbortSignal,
  begin: () => void,
): Promise<Response | null> {
  begin();
  const aborted = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null));
  });
  return Promise.race([opening.catch(orNull), aborted]);
}

function orNull(error: unknown): null {
  if ((error as { code?: string } | null)?.code === 'signed_out') throw error;
  return null;
}

interface Reading {
  ending: AbortController;
  onEvent: (event: ServerSentEvent) => void;
  onLastId: (id: string) => void;
  giveUpAfter: (milliseconds: number, why: ConnectionEnd) => void;
}

async function readEvents(response: Response, reading: Reading): Promise<void> {
  const { ending, onEvent, onLastId, giveUpAfter } = reading;
  let silence = 0;
  const parser = createEventParser((event) => {
    const seconds = heartbeatOf(event);
    if (seconds !== null) silence = seconds * heartbeatsMissed * 1_000;
    silence ||= defaultHeartbeatSeconds * heartbeatsMissed * 1_000;
    onEvent(event);
  });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  ending.signal.addEventListener('abort', () => void reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (done || value === undefined || ending.signal.aborted) return;
    parser.push(value);
    onLastId(parser.lastId());
    // Before the first event, comments are no sign that events pass.
    if (silence > 0) giveUpAfter(silence, 'broken');
  }
}
